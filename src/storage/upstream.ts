/**
 * PORT: another registry, from which content is read: the primary site, or any upstream.
 *
 * "Not there" is `undefined`; a refusal or a broken line throws `UpstreamFailure`. Nothing that an
 * upstream says of a digest is believed: callers hash.
 */
import type { Readable } from 'node:stream';
import type { Digest } from '../oci/digest.ts';
import type { Reference, RepositoryName } from '../oci/reference.ts';

/** Why an upstream did not answer as asked; `status` where it answered at all. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';
  readonly status: number | undefined;

  constructor(message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.status = options.status;
  }
}

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
