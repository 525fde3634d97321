/** What the handlers of the distribution API stand on. */
import type { UploadTokens } from '../../auth/virtual/upload-tokens.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Virtual } from '../../virtual/service.ts';

export interface Services extends Registry {
  readonly virtual: Virtual;
  readonly uploadTokens: UploadTokens;
  /** Whether a client at this address may be sent to the blob store itself (T13). */
  readonly mayRedirect: (clientAddress: string) => boolean;
  /** The least size of a chunk that is not the last, where the store needs one. */
  readonly chunkMinBytes?: number;
}
