/** Where the content of one upstream is read from, whoever brings it. */
import type { Digest } from '../../oci/digest.ts';
import type { Reference, RepositoryName } from '../../oci/reference.ts';
import type { UpstreamBlob } from '../../storage/upstream.ts';
import type { RemoteManifest, RemoteWord } from '../../storage/virtual/remotes.ts';

/** "Not there" is `undefined`; anything else that is no answer throws `UpstreamFailure`. */
export interface Source {
  readonly headManifest: (
    image: RepositoryName,
    reference: Reference,
  ) => Promise<RemoteWord | undefined>;
  readonly findManifest: (
    image: RepositoryName,
    reference: Reference,
  ) => Promise<RemoteManifest | undefined>;
  readonly openBlob: (
    image: RepositoryName,
    digest: Digest,
    offset: number,
  ) => Promise<UpstreamBlob | undefined>;
}
