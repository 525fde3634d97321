/**
 * PORT: what came of the calls to virtual registries, counted at each site by all of its processes.
 */

export interface RegistryCounts {
  /** Of manifests: from the cache, from it since the upstream failed, by asking. */
  readonly hits: number;
  readonly stale: number;
  readonly misses: number;
  /** Of what clients asked for: whether they took it all is theirs to know. */
  readonly bytesToClients: number;
  readonly bytesFromUpstreams: number;
  /** Questions for manifests and blobs that upstreams were not asked. */
  readonly callsSaved: number;
}

export const NO_COUNTS: RegistryCounts = {
  hits: 0,
  stale: 0,
  misses: 0,
  bytesToClients: 0,
  bytesFromUpstreams: 0,
  callsSaved: 0,
};

export interface VirtualCounts {
  /** Adds to what was counted. Passes over registries that are not set any more. */
  add(counts: ReadonlyMap<string, RegistryCounts>): Promise<void>;

  /** Since the registry was made; all 0 for one that is not there. */
  find(registry: string): Promise<RegistryCounts>;
}
