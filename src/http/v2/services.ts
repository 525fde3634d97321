/** What the handlers of the distribution API stand on. */
import type { Registry } from '../../registry/registry.ts';

export interface Services extends Registry {
  /** Whether a client at this address may be sent to the blob store itself (T13). */
  readonly mayRedirect: (clientAddress: string) => boolean;
  /** The least size of a chunk that is not the last, where the store needs one. */
  readonly chunkMinBytes?: number;
}
