/**
 * PORT: another registry, from which content is read: the primary site, or any upstream.
 *
 * "Not there" is `undefined`; a refusal or a broken line throws `UpstreamFailure`. Nothing that an
 * upstream says of a digest is believed: callers hash.
 */
import type { Readable } from 'node:stream';
import type { Digest } from '../oci/digest.ts';
import type { Reference, RepositoryName } from '../oci/reference.ts';

export { UpstreamFailure } from './failure.ts';

export interface UpstreamManifest {
  readonly mediaType: string;
  readonly content: Buffer;
}

export interface UpstreamBlob {
  /** Size of the whole blob in bytes. */
  readonly sizeBytes: number;
  /** The bytes from `offset` on. Breaks with an error, never ends short. */
  readonly content: Readable;
}

export interface Upstream {
  findManifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<UpstreamManifest | undefined>;

  /** As `findManifest`, for one who has the manifest of that digest already. */
  findChangedManifest(
    repository: RepositoryName,
    reference: Reference,
    known: Digest,
  ): Promise<UpstreamManifest | 'unchanged' | undefined>;

  /** Size of a blob in that repository, or `undefined`. */
  findBlob(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<{ readonly sizeBytes: number } | undefined>;

  /** The blob from `offset` on, or `undefined`. */
  openBlob(
    repository: RepositoryName,
    digest: Digest,
    offset?: number,
  ): Promise<UpstreamBlob | undefined>;
}
