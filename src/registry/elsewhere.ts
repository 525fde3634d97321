/**
 * The seam to other places: where content is asked for that is not (yet) here.
 *
 * A secondary asks its primary through it; a site that has nobody to ask has none. "Not there
 * either" is `undefined`. Nothing that comes through is recorded by the caller: whoever implements
 * it decides what is kept.
 */
import type { Readable } from 'node:stream';
import type { Digest } from '../oci/digest.ts';
import type { ByteRange } from '../oci/range.ts';
import type { Reference, RepositoryName } from '../oci/reference.ts';
import type { StoredManifest } from '../storage/metadata.ts';

export interface Elsewhere {
  findManifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<StoredManifest | undefined>;

  findBlob(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<{ readonly sizeBytes: number } | undefined>;

  /** The bytes, or those of one range inside the blob. Breaks with an error, never ends short. */
  openBlob(
    repository: RepositoryName,
    digest: Digest,
    range?: ByteRange,
  ): Promise<Readable | undefined>;
}
