/** The rules of virtual registries over real ports, with upstreams that are told what to do. */
import { setImmediate as turn } from 'node:timers/promises';
import { pino } from 'pino';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { Coherence } from '../../../src/coherence.ts';
import { toAnswer } from '../../../src/http/write-errors.ts';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { parseReference } from '../../../src/oci/reference.ts';
import type { VirtualRegistry, VirtualUpstream } from '../../../src/oci/virtual-registry.ts';
import { systemRandomness as randomness } from '../../../src/randomness.ts';
import { Turns } from '../../../src/registry/fill/turns.ts';
import { Fill } from '../../../src/registry/fill.ts';
import { openRegistry, type Registry } from '../../../src/registry/registry.ts';
import type { BlobStore } from '../../../src/storage/blob-store.ts';
import { type MemoryRemote, MemoryRemotes } from '../../../src/storage/memory/virtual/remotes.ts';
import type { VirtualCall } from '../../../src/virtual/call.ts';
import type { Virtual } from '../../../src/virtual/service.ts';
import type { OpenRelay } from '../../../src/virtual/sources/sources.ts';
import { openVirtual } from '../../../src/virtual/virtual.ts';
import { IMAGE, recordOf, repositoryNamed } from '../../support/content.ts';
import { openMemoryPorts, type TestPorts } from '../../support/ports.ts';
import { registryNamed, upstreamNamed } from '../../support/virtual/cached.ts';

export const APP = repositoryNamed('team/app');

/** Time that passes when it is told to; waiting takes none. */
export class HandClock implements Clock {
  #ms = Date.parse('2026-05-01T00:00:00Z');

  now = () => new Date(this.#ms);
  elapsedMs = () => this.#ms;
  sleep = async (_ms: number, signal?: AbortSignal) => {
    await turn();
    signal?.throwIfAborted();
  };

  advance({ hours = 0, seconds = 0 }: { hours?: number; seconds?: number }): void {
    this.#ms += hours * 3_600_000 + seconds * 1000;
  }
}

export interface StandOptions {
  readonly ports?: TestPorts;
  readonly remotes?: MemoryRemotes;
  readonly clock?: HandClock;
  readonly blobStore?: BlobStore;
  readonly openRelay?: OpenRelay;
}

/** One process of a site. */
export interface Stand {
  readonly virtual: Virtual;
  readonly registry: Registry;
  readonly ports: TestPorts;
  readonly clock: HandClock;
  readonly fill: Fill;
  remote(name: string): MemoryRemote;
  /** Sets upstreams, and a registry `hub` of them in this order. */
  set(upstreams: readonly VirtualUpstream[], registry?: Partial<VirtualRegistry>): Promise<void>;
}

const log = pino({ level: 'silent' });

export async function openStand(options: StandOptions = {}): Promise<Stand> {
  const { ports = await openMemoryPorts(), clock = new HandClock() } = options;
  const { remotes = new MemoryRemotes(), blobStore = ports.blobStore } = options;
  const coherence = new Coherence(ports.changeLog);
  const turns = new Turns({ leases: ports.leases, clock: systemClock, randomness, log });
  const fill = new Fill({ blobStore, clock, turns, log });
  const common = { ...ports, blobStore, coherence, clock, randomness, log };
  const registry = await openRegistry({ ...common, cluster: 'test' });
  const { openRelay } = options;
  const relay = openRelay ? { openRelay } : {};
  const virtual = openVirtual({ ...common, ...relay, remotes, fill, registry });
  const set: Stand['set'] = async (upstreams, rest) => {
    for (const upstream of upstreams) await ports.virtualRegistries.recordUpstream(upstream);
    const names = upstreams.map(({ name }) => name);
    const record = registryNamed('hub', { upstreams: names, ...rest });
    await ports.virtualRegistries.recordRegistry(record);
  };
  return { virtual, registry, ports, clock, fill, remote: (name) => remotes.open({ name }), set };
}

export { upstreamNamed };

export const call = (rest: Partial<VirtualCall> = {}): VirtualCall => ({
  registry: 'hub',
  image: APP,
  ...rest,
});

export const ref = (text: string) => parseReference(text)!;

/** An image with real sizes, whose config is the word and whose layers are these bytes. */
export function imageWith(word: string, layers: readonly Buffer[] = []) {
  const config = Buffer.from(word);
  const record = recordOf(IMAGE, {
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...describe(config) },
    layers: layers.map((layer) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      ...describe(layer),
    })),
  });
  return { ...record, config, blobs: [config, ...layers] };
}

function describe(bytes: Buffer): { digest: Digest; size: number } {
  return { digest: digestOf(bytes), size: bytes.length };
}

/** Puts the image and all its blobs there. */
export function putImage(
  remote: MemoryRemote,
  image: ReturnType<typeof imageWith>,
  { tag = 'latest', name = 'team/app' } = {},
): void {
  remote.putManifest(name, tag, image);
  for (const blob of image.blobs) remote.putBlob(name, blob);
}

/** What a failed call throws: its status and headers as a client is told of them. */
export async function failureOf(
  outcome: Promise<unknown>,
): Promise<{ status?: number; code?: string; headers: Record<string, string>; name: string }> {
  const error: unknown = await outcome.then(
    () => {
      throw new Error('it did not fail');
    },
    (thrown: unknown) => thrown,
  );
  const { status, headers } = toAnswer(error);
  const { code, name } = error as { code?: string; name: string };
  return { status, headers: headers as Record<string, string>, name, ...(code ? { code } : {}) };
}
