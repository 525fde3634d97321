/** What a site offers of virtual registries, to `http` and to its upkeep. */
import type { Readable } from 'node:stream';
import type { Digest } from '../oci/digest.ts';
import type { ByteRange } from '../oci/range.ts';
import type { Reference, Tag } from '../oci/reference.ts';
import type { StoredManifest } from '../storage/metadata.ts';
import type { VirtualRegistry } from '../storage/virtual/registries.ts';
import type { ManifestWord, VirtualBlob, VirtualCall, VirtualReading } from './call.ts';
import type { RegistryStatistics } from './statistics.ts';

/**
 * Where nothing is said, methods throw `RegistryError`: NAME_UNKNOWN where there is no such
 * registry, or none of its upstreams may answer for the image; 429, 502 or 503 with `Retry-After`
 * where an upstream fails and nothing here stands in for it (V6). Never 401 (V15).
 */
export interface Virtual {
  /** The very bytes. @throws RegistryError MANIFEST_UNKNOWN */
  getManifest(call: VirtualCall, reference: Reference): Promise<VirtualReading<StoredManifest>>;

  /** As {@link getManifest}, without bringing the content here (V10). */
  headManifest(call: VirtualCall, reference: Reference): Promise<VirtualReading<ManifestWord>>;

  /** A blob that a cached manifest of the image names. @throws RegistryError BLOB_UNKNOWN */
  getBlob(call: VirtualCall, digest: Digest): Promise<VirtualBlob>;

  /**
   * The bytes, or those of one range (inside the blob), as they arrive. Breaks with an error, never
   * ends short; the last byte comes when the digest is proven. @throws RegistryError BLOB_UNKNOWN
   */
  openBlob(call: VirtualCall, blob: VirtualBlob, range?: ByteRange): Promise<Readable>;

  /** Tags of all upstreams that may answer, each once, in byte order (V16). */
  listTags(call: VirtualCall, page: { after?: string; limit: number }): Promise<Tag[]>;

  /** Of the upstream that the subject is bound to (V16): descriptors, each as JSON. */
  listReferrers(
    call: VirtualCall,
    query: { subject: Digest; artifactType?: string },
  ): Promise<readonly string[]>;

  /** For authorization, and the host mode; remembered, never stale. */
  findRegistry(name: string, asOf?: number): Promise<VirtualRegistry | undefined>;
  findRegistryOfHost(host: string, asOf?: number): Promise<VirtualRegistry | undefined>;

  /**
   * Takes a manifest that a trusted party fetched from the upstream, as if it came from there.
   * @throws RegistryError MANIFEST_INVALID, DIGEST_INVALID, NAME_UNKNOWN
   */
  acceptManifest(
    call: VirtualCall,
    upstream: string,
    manifest: { reference: Reference; mediaType: string; content: Buffer },
  ): Promise<Digest>;

  /**
   * Takes the bytes of a blob that a cached manifest of the image at that upstream names.
   * @throws RegistryError BLOB_UNKNOWN, DIGEST_INVALID, SIZE_INVALID
   */
  acceptBlob(
    call: VirtualCall,
    upstream: string,
    blob: { digest: Digest; content: Readable },
  ): Promise<void>;

  /** What came of the calls to a registry; of all processes of this site that answer. */
  readStatistics(registry: string): Promise<RegistryStatistics>;

  /** What leaves the cache of this site by itself: not pulled for long, or too much (V19). */
  cleanUp(): Promise<{ readonly entries: number }>;

  /** Writes what is still to be counted. */
  close(): Promise<void>;
}
