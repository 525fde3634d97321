/** PORT: what a repository holds, item by item: for reading all of it again, and for comparing. */
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';

/** Each list in byte order. */
export interface Holding {
  readonly manifests: readonly { readonly digest: Digest; readonly mediaType: string }[];
  readonly tags: readonly { readonly name: Tag; readonly digest: Digest }[];
  readonly blobs: readonly { readonly digest: Digest; readonly sizeBytes: number }[];
}

export interface Inventory {
  /** All at one moment; empty lists for a repository that is not there. */
  readHolding(repository: RepositoryName): Promise<Holding>;
}
