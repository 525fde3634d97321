/**
 * Where the bytes lie. Everything is on one file system, so that a rename is atomic.
 *
 *     <root>/
 *       blobs/
 *         sha256/
 *           2c/
 *             2cf24dba5fb0a30e…          a blob: whole, synced, never changed
 *         sha512/
 *           9b/…
 *       staging/
 *         6f1c2a9e-….                    an upload: bytes from 0 on, named by its id
 */
import { join } from 'node:path';
import { type Algorithm, algorithmOf, type Digest, hexOf, isDigest } from '../../oci/digest.ts';

/** In the order of the listing. */
export const ALGORITHMS: readonly Algorithm[] = ['sha256', 'sha512'];

/**
 * What an id may be made of: no separator and no leading dot, so that it stays in its folder (A3).
 */
const STAGING = /^[a-z0-9][a-z0-9-]{0,191}$/;

export class Layout {
  readonly staging: string;
  readonly #blobs: string;

  constructor(root: string) {
    this.staging = join(root, 'staging');
    this.#blobs = join(root, 'blobs');
  }

  algorithmFolder(algorithm: Algorithm): string {
    return join(this.#blobs, algorithm);
  }

  /** The folder that a blob lies in: by the first two of its digits. */
  prefixFolder(digest: Digest): string {
    return join(this.#blobs, algorithmOf(digest), hexOf(digest).slice(0, 2));
  }

  blobFile(digest: Digest): string {
    return join(this.prefixFolder(digest), hexOf(digest));
  }

  /** The same below the folder `blobs`, as somebody else has it: of a proven digest alone (A3). */
  blobPath(digest: Digest): string {
    const hex = hexOf(digest);
    return `${algorithmOf(digest)}/${hex.slice(0, 2)}/${hex}`;
  }

  /** Throws where the id is none: ids are made by this program, never by a client. */
  stagingFile(staging: string): string {
    if (!STAGING.test(staging)) throw new TypeError(`not the id of a staging: ${staging}`);
    return join(this.staging, staging);
  }
}

/** The inverse of {@link Layout.blobFile}; `undefined` for a file that is no blob. */
export function digestOfName(algorithm: Algorithm, name: string): Digest | undefined {
  const text = `${algorithm}:${name}`;
  return isDigest(text) ? text : undefined;
}
