/** What virtual registries saved, and what was pulled: counted, and written in batches (V19). */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Pull, VirtualCache } from '../storage/virtual/cache.ts';
import type { RateLimit } from '../storage/virtual/remotes.ts';
import type { AnswerSource } from './call.ts';

/** Counts of one registry since this process began. */
export interface RegistryCounts {
  /** Of manifests. */
  readonly hits: number;
  readonly stale: number;
  readonly misses: number;
  /** Of what clients asked for: whether they took it all is theirs to know. */
  readonly bytesToClients: number;
  readonly bytesFromUpstreams: number;
  /** Questions for manifests and blobs that upstreams were not asked. */
  readonly callsSaved: number;
}

export interface RegistryStatistics extends RegistryCounts {
  /** Its upstreams, the first is asked first. */
  readonly upstreams: readonly UpstreamState[];
}

export interface UpstreamState {
  readonly upstream: string;
  /** What it said of its limit last. */
  readonly rateLimit?: RateLimit;
  /** How it failed last, where it has not answered since. */
  readonly failure?: { readonly sentence: string; readonly at: Date };
}

interface Dependencies {
  readonly virtualCache: Pick<VirtualCache, 'recordPulls'>;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
}

type Counts = { -readonly [Count in keyof RegistryCounts]: number };

const FLUSH_MS = 5000;
/** More than this are not held: the rest of a storm is not counted. */
const MAX_PULLS = 10_000;

export class Statistics {
  readonly #cache: Dependencies['virtualCache'];
  readonly #clock: Dependencies['clock'];
  readonly #log: Log;
  readonly #closing = new AbortController();
  readonly #counts = new Map<string, Counts>();
  #pulls: Pull[] = [];
  #flushing: Promise<void> | undefined;

  constructor({ virtualCache, clock, log }: Dependencies) {
    this.#cache = virtualCache;
    this.#clock = clock;
    this.#log = log;
  }

  noteManifest(registry: string, source: AnswerSource, sizeBytes: number): void {
    const counts = this.#countsOf(registry);
    if (source === 'hit') counts.hits += 1;
    else if (source === 'stale') counts.stale += 1;
    else counts.misses += 1;
    if (source !== 'miss') counts.callsSaved += 1;
    counts.bytesToClients += sizeBytes;
  }

  noteBlob(registry: string, { isHere, sizeBytes }: { isHere: boolean; sizeBytes: number }): void {
    const counts = this.#countsOf(registry);
    if (isHere) counts.callsSaved += 1;
    counts.bytesToClients += sizeBytes;
  }

  noteBrought(registry: string, sizeBytes: number): void {
    this.#countsOf(registry).bytesFromUpstreams += sizeBytes;
  }

  /** Written soon; a pull that is lost when the process dies harms nothing. */
  notePull(pull: Pull): void {
    if (this.#pulls.length < MAX_PULLS) this.#pulls.push(pull);
    this.#flushing ??= this.#flushSoon().finally(() => (this.#flushing = undefined));
  }

  read(registry: string): RegistryCounts {
    return { ...this.#countsOf(registry) };
  }

  /** Writes what is still to be counted. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#flushing;
  }

  async #flushSoon(): Promise<void> {
    await this.#clock.sleep(FLUSH_MS, this.#closing.signal).catch(() => undefined);
    const pulls = this.#pulls;
    this.#pulls = [];
    try {
      await this.#cache.recordPulls(pulls);
    } catch (error) {
      this.#log.warn({ err: error, pulls: pulls.length }, 'pulls could not be counted');
    }
  }

  #countsOf(registry: string): Counts {
    const known = this.#counts.get(registry);
    if (known) return known;
    const counts = { ...NOTHING };
    this.#counts.set(registry, counts);
    return counts;
  }
}

const NOTHING: RegistryCounts = {
  hits: 0,
  stale: 0,
  misses: 0,
  bytesToClients: 0,
  bytesFromUpstreams: 0,
  callsSaved: 0,
};
