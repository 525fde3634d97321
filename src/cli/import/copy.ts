/** Copies what a survey found: blobs before their manifest, manifests before their tags. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '../../oci/digest.ts';
import { Gate, inLanes } from './lanes.ts';
import { isOfLine } from './registry-line.ts';
import type { RegistryReader, SizedBlob } from './source.ts';
import type { Plan, PlannedRepository } from './survey.ts';
import { Refusal, type RegistryWriter } from './target.ts';

export interface CopyOptions {
  readonly source: RegistryReader;
  /** The site, as read and as written. */
  readonly target: RegistryReader;
  readonly writer: RegistryWriter;
  /** Blobs that are on their way at once, and repositories that are worked on. */
  readonly lanes: number;
  readonly onBytes: (bytes: number) => void;
}

export interface Copied {
  manifests: number;
  tags: number;
  blobs: number;
  mounts: number;
  bytes: number;
}

/** A line that breaks in the middle of a blob is tried again so often. */
const PAUSES_MS = [1000, 5000];

export class ImportCopy {
  readonly #options: CopyOptions;
  readonly #plan: Plan;
  readonly #gate: Gate;
  /** Blobs on their way to their home. */
  readonly #arrivals = new Map<Digest, Promise<void>>();
  readonly copied: Copied = { manifests: 0, tags: 0, blobs: 0, mounts: 0, bytes: 0 };

  constructor(plan: Plan, options: CopyOptions) {
    this.#plan = plan;
    this.#options = options;
    this.#gate = new Gate(options.lanes);
  }

  async run(): Promise<void> {
    await inLanes(this.#options.lanes, this.#plan.repositories, (one) => this.#copy(one));
  }

  /** A manifest that the site refuses takes its tags and its parents with it, and nothing else. */
  async #copy(repository: PlannedRepository): Promise<void> {
    const { from, to, manifests, tags } = repository;
    const lost = new Set<Digest>();
    for (const { digest, blobs } of manifests) {
      await this.#orNote(repository, digest, async () => {
        await Promise.all(blobs.map((blob) => this.#bring(repository, blob)));
        const manifest = await this.#options.source.readManifest(from, digest);
        await this.#options.writer.putManifest(to, manifest, digest);
        this.copied.manifests += 1;
      });
      if (this.#isNoted(repository, digest)) lost.add(digest);
    }
    for (const { name, digest } of tags) {
      if (lost.has(digest)) continue;
      await this.#orNote(repository, name, async () => {
        const manifest = await this.#options.target.readManifest(to, digest);
        await this.#options.writer.putManifest(to, manifest, name);
        this.copied.tags += 1;
      });
    }
  }

  /** Each blob crosses the line once, to its home; other repositories mount it from there. */
  async #bring({ from, to }: PlannedRepository, blob: SizedBlob): Promise<void> {
    const { digest } = blob;
    const home = this.#plan.homes.get(digest) ?? to;
    if (!this.#plan.present.has(digest)) {
      const arriving = this.#arrivals.get(digest) ?? this.#fetch(from, home, blob);
      this.#arrivals.set(digest, arriving);
      await arriving;
    }
    if (home === to) return;
    if (await this.#options.target.hasBlob(to, digest)) return;
    if (await this.#options.writer.mountBlob(to, digest, home)) this.copied.mounts += 1;
    else await this.#fetch(from, to, blob);
  }

  async #fetch(from: string, to: string, blob: SizedBlob): Promise<void> {
    await this.#gate.pass(async () => {
      // What a run that was killed had brought is there.
      if (await this.#options.target.hasBlob(to, blob.digest)) {
        this.#options.onBytes(blob.sizeBytes);
        return;
      }
      for (let tries = 0; ; tries += 1) {
        try {
          return await this.#transfer(from, to, blob);
        } catch (error) {
          const pauseMs = PAUSES_MS[tries];
          if (pauseMs === undefined || !mayPass(error)) throw error;
          await sleep(pauseMs);
        }
      }
    });
  }

  async #transfer(from: string, to: string, blob: SizedBlob): Promise<void> {
    let bytes = 0;
    const onBytes = (count: number) => {
      bytes += count;
      this.#options.onBytes(count);
    };
    try {
      const body = await this.#options.source.openBlob(from, blob.digest);
      await this.#options.writer.pushBlob(to, blob, { body, onBytes });
    } catch (error) {
      // They will be counted again.
      this.#options.onBytes(-bytes);
      throw error;
    }
    this.copied.blobs += 1;
    this.copied.bytes += bytes;
  }

  #isNoted({ from }: PlannedRepository, digest: Digest): boolean {
    const { failures } = this.#plan;
    return failures.some((one) => one.repository === from && one.reference === digest);
  }

  async #orNote(
    { from }: PlannedRepository,
    reference: string,
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      const reason = (error as Error).message;
      this.#plan.failures.push({ repository: from, reference, reason });
    }
  }
}

/** A broken line, a site that stops, a token that ended meanwhile, bytes that were cut off. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof Refusal)) return isOfLine(error) || (error as Error).cause !== undefined;
  return error.status >= 500 || [400, 401, 404, 416, 429].includes(error.status);
}
