/** What the handlers of the distribution API stand on. */
import type { IncomingMessage } from 'node:http';
import type { UploadTokens } from '../../auth/virtual/upload-tokens.ts';
import type { Registry } from '../../registry/registry.ts';
import type { Virtual } from '../../virtual/service.ts';

export interface Services extends Registry {
  readonly virtual: Virtual;
  readonly uploadTokens: UploadTokens;
  /** Whether a client at this address may be sent to the blob store itself (T13). */
  readonly mayRedirect: (clientAddress: string) => boolean;
  /**
   * The location under which the proxy that handed us this request has our folder of blobs, and
   * sends from it what we name; `undefined` for a request that came otherwise.
   */
  readonly acceleratedAt?: (request: IncomingMessage) => string | undefined;
  /** The least size of a chunk that is not the last, where the store needs one. */
  readonly chunkMinBytes?: number;
}
