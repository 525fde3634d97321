/** What virtual registries saved, counted (V19). */
import type { RateLimit } from '../storage/virtual/remotes.ts';

/** Counts since this site first answered for the registry. */
export interface RegistryStatistics {
  readonly hits: number;
  readonly stale: number;
  readonly misses: number;
  readonly bytesToClients: number;
  readonly bytesFromUpstreams: number;
  /** Questions that a client without this cache would have asked upstreams. */
  readonly callsSaved: number;
  /** What upstreams of the registry said of their limits last, and how they failed last. */
  readonly upstreams: readonly UpstreamState[];
}

export interface UpstreamState {
  readonly upstream: string;
  readonly rateLimit?: RateLimit;
  readonly failure?: { readonly sentence: string; readonly at: Date };
}
