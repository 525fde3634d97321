/** Puts the parts of this folder together. */
import type { Clock } from '../clock.ts';
import type { Coherence } from '../coherence.ts';
import type { Log } from '../log.ts';
import { lengthOf } from '../oci/range.ts';
import type { Randomness } from '../randomness.ts';
import type { Fill } from '../registry/fill.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { Leases } from '../storage/leases.ts';
import type { VirtualCache } from '../storage/virtual/cache.ts';
import type { VirtualCounts } from '../storage/virtual/counts.ts';
import type { VirtualRegistries } from '../storage/virtual/registries.ts';
import type { Remotes } from '../storage/virtual/remotes.ts';
import { HandOver } from './accept.ts';
import { VirtualBlobs } from './blobs.ts';
import { Entries } from './cache/entries.ts';
import { cleanUp } from './cleanup.ts';
import { asAnswer } from './failures.ts';
import { VirtualManifests } from './manifests.ts';
import { VirtualReferrers } from './referrers.ts';
import { Registries } from './registries.ts';
import type { Virtual } from './service.ts';
import { Asking } from './sources/asking.ts';
import { Health } from './sources/health.ts';
import { LocalRepositories, type OwnRegistry } from './sources/local.ts';
import { SingleFlight } from './sources/single-flight.ts';
import { type OpenRelay, Sources } from './sources/sources.ts';
import { Supply } from './sources/supply.ts';
import { Statistics } from './statistics.ts';
import { VirtualTags } from './tags.ts';
import { Walk } from './walk.ts';

export interface VirtualDependencies {
  readonly virtualRegistries: VirtualRegistries;
  readonly virtualCache: VirtualCache;
  readonly virtualCounts: VirtualCounts;
  readonly remotes: Remotes;
  readonly blobStore: BlobStore;
  readonly leases: Leases;
  readonly coherence: Coherence;
  /** The one of the site, shared with whoever else brings blobs here. */
  readonly fill: Fill;
  /** What stands behind local upstreams. */
  readonly registry: OwnRegistry;
  /** The primary's virtual registries; absent at the primary itself. */
  readonly openRelay?: OpenRelay;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
}

type Parts = ReturnType<typeof openParts>;

export function openVirtual(dependencies: VirtualDependencies): Virtual {
  const parts = openParts(dependencies);
  const { coherence } = dependencies;
  const { registries, entries, health, tags } = parts;
  for (const memory of [registries, entries, health, tags]) coherence.add(memory);
  return {
    ...openReads(parts),
    ...openLists(parts),
    cleanUp: async () => {
      const report = await cleanUp(dependencies);
      if (report.entries > 0) parts.entries.clear();
      return report;
    },
    close: () => parts.statistics.close(),
  };
}

function openParts(dependencies: VirtualDependencies) {
  const { clock, randomness } = dependencies;
  const registries = new Registries(dependencies);
  const singleFlight = new SingleFlight(dependencies);
  const entries = new Entries({ ...dependencies, singleFlight });
  const statistics = new Statistics(dependencies);
  const health = new Health(dependencies);
  const sources = new Sources({ ...dependencies, health });
  const local = new LocalRepositories(dependencies.registry);
  const common = { ...dependencies, registries, entries, singleFlight, sources, local };
  const walk = new Walk({ ...common, asking: new Asking(common) });
  const onBrought = (registry: string, sizeBytes: number) =>
    statistics.noteBrought(registry, sizeBytes);
  const supply = new Supply(common, { clock, singleFlight, onBrought });
  return {
    registries,
    entries,
    statistics,
    health,
    sources,
    clock,
    manifests: new VirtualManifests({ ...common, walk }),
    blobs: new VirtualBlobs({ ...common, supply }),
    tags: new VirtualTags(common),
    referrers: new VirtualReferrers(common),
    handOver: new HandOver(common, randomness),
  };
}

/** What clients pull, and its counting. */
function openReads(parts: Parts) {
  const { manifests, blobs, statistics, clock } = parts;
  const reads: Pick<Virtual, 'getManifest' | 'headManifest' | 'getBlob' | 'openBlob'> = {
    getManifest: (call, reference) =>
      answering(async () => {
        const reading = await manifests.get(call, reference);
        const { found, source, upstream } = reading;
        statistics.noteManifest(call.registry, source, found.content.length);
        const tag = reference.kind === 'tag' ? { tag: reference.tag } : {};
        const { image } = call;
        statistics.notePull({ upstream, image, digest: found.digest, ...tag, at: clock.now() });
        return reading;
      }),
    headManifest: (call, reference) => answering(() => manifests.head(call, reference)),
    getBlob: (call, digest) => answering(() => blobs.get(call, digest)),
    openBlob: (call, blob, range) =>
      answering(async () => {
        const content = await blobs.open(call, blob, range);
        const sizeBytes = range ? lengthOf(range) : blob.sizeBytes;
        statistics.noteBlob(call.registry, { isHere: blob.isHere, sizeBytes });
        return content;
      }),
  };
  return reads;
}

/** What is looked up, handed over and counted. */
function openLists(parts: Parts) {
  const { registries, tags, referrers, handOver } = parts;
  const lists: Omit<Virtual, keyof ReturnType<typeof openReads> | 'cleanUp' | 'close'> = {
    listTags: (call, page) => answering(() => tags.list(call, page)),
    listReferrers: (call, query) => answering(() => referrers.list(call, query)),
    findRegistry: async (name, asOf) => (await registries.find(name, asOf))?.registry,
    findRegistryOfHost: (host, asOf) => registries.findOfHost(host, asOf),
    acceptManifest: (...order) => handOver.acceptManifest(...order),
    acceptBlob: (...order) => handOver.acceptBlob(...order),
    readStatistics: (registry) => readStatistics(parts, registry),
  };
  return lists;
}

async function readStatistics(parts: Parts, registry: string) {
  const { registries, statistics, sources, health } = parts;
  const setting = await registries.find(registry);
  const upstreams = (setting?.upstreams ?? []).map((upstream) => {
    const isRemote = upstream.origin.kind === 'remote';
    const rateLimit = isRemote ? sources.findRateLimit(upstream) : undefined;
    const failure = health.find(upstream.name);
    return {
      upstream: upstream.name,
      ...(rateLimit ? { rateLimit } : {}),
      ...(failure ? { failure } : {}),
    };
  });
  return { ...(await statistics.read(registry)), upstreams };
}

/** Failures of upstreams, as clients are told of them. */
async function answering<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    throw asAnswer(error);
  }
}
