/**
 * PORT: who does what only one process of a site may do. A lease ends by itself, so that the next
 * takes over from one that died; times are measured by the store's own clock.
 */
export interface Leases {
  /** Takes the lease, or lengthens it. @returns whether the holder has it now. */
  take(name: string, holder: string, forMs: number): Promise<boolean>;
  /** Gives it back where the holder has it. Idempotent. */
  release(name: string, holder: string): Promise<void>;
}
