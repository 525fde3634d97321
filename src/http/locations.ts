/**
 * URLs that answers name: the inverse of `match-path.ts`.
 *
 * All are relative to the host, so that they are right behind any proxy, with any port and scheme
 * (T3, T4).
 */
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';

export function blobLocation(repository: RepositoryName, digest: Digest): string {
  return `/v2/${repository}/blobs/${digest}`;
}

export function manifestLocation(repository: RepositoryName, digest: Digest): string {
  return `/v2/${repository}/manifests/${digest}`;
}

export interface UploadPlace {
  readonly repository: RepositoryName;
  readonly id: string;
  /** The signed state: base64url and dots, so it survives any re-encoding of the query (T5). */
  readonly state: string;
}

export function uploadLocation({ repository, id, state }: UploadPlace): string {
  return `/v2/${repository}/blobs/uploads/${id}?_state=${state}`;
}

export function tagsLocation(repository: RepositoryName): string {
  return `/v2/${repository}/tags/list`;
}

export function referrersLocation(repository: RepositoryName, subject: Digest): string {
  return `/v2/${repository}/referrers/${subject}`;
}
