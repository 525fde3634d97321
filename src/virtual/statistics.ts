/** What virtual registries saved, and what was pulled: counted, and written in batches (V19). */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Pull, VirtualCache } from '../storage/virtual/cache.ts';
import { NO_COUNTS, type RegistryCounts, type VirtualCounts } from '../storage/virtual/counts.ts';
import type { RateLimit } from '../storage/virtual/remotes.ts';
import type { AnswerSource } from './call.ts';

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
  readonly virtualCounts: VirtualCounts;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
}

type CountedPull = Pull & { at: Date; times: number };

type Counts = { -readonly [Count in keyof RegistryCounts]: number };

const FLUSH_MS = 5000;
/** More images and tags than this are not held: the rest of a storm is not counted. */
const MAX_PULLS = 10_000;

export class Statistics {
  readonly #cache: Dependencies['virtualCache'];
  readonly #stored: VirtualCounts;
  readonly #clock: Dependencies['clock'];
  readonly #log: Log;
  readonly #closing = new AbortController();
  /** Not written yet. */
  #counts = new Map<string, Counts>();
  #pulls = new Map<string, CountedPull>();
  #flushing: Promise<void> | undefined;

  constructor({ virtualCache, virtualCounts, clock, log }: Dependencies) {
    this.#cache = virtualCache;
    this.#stored = virtualCounts;
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
  notePull(pull: Omit<Pull, 'times'>): void {
    const { upstream, image, digest, tag, at } = pull;
    const key = `${upstream} ${image}@${digest} ${tag}`;
    const known = this.#pulls.get(key);
    if (known) {
      known.times += 1;
      known.at = at;
    } else if (this.#pulls.size < MAX_PULLS) this.#pulls.set(key, { ...pull, times: 1 });
    this.#write();
  }

  /** Of all processes of the site, as far as they wrote them: they do so every few seconds. */
  async read(registry: string): Promise<RegistryCounts> {
    await this.#flush();
    return this.#stored.find(registry);
  }

  /** Writes what is still to be counted. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#flushing;
  }

  #write(): void {
    this.#flushing ??= this.#flushSoon().finally(() => (this.#flushing = undefined));
  }

  async #flushSoon(): Promise<void> {
    await this.#clock.sleep(FLUSH_MS, this.#closing.signal).catch(() => undefined);
    await this.#flush();
  }

  /** What cannot be written is let go: counting must not stand in the way of pulling. */
  async #flush(): Promise<void> {
    const [pulls, counts] = [[...this.#pulls.values()], this.#counts];
    this.#pulls = new Map();
    this.#counts = new Map();
    try {
      if (pulls.length > 0) await this.#cache.recordPulls(pulls);
      if (counts.size > 0) await this.#stored.add(counts);
    } catch (error) {
      this.#log.warn({ err: error, pulls: pulls.length }, 'pulls could not be counted');
    }
  }

  #countsOf(registry: string): Counts {
    this.#write();
    const known = this.#counts.get(registry);
    if (known) return known;
    const counts = { ...NO_COUNTS };
    this.#counts.set(registry, counts);
    return counts;
  }
}
