/** Blobs of a repository: reading, mounting, taking out. */
import type { Readable } from 'node:stream';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error.ts';
import type { Actor } from '../oci/events/actor.ts';
import type { ByteRange } from '../oci/range.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { BlobStore, Whereabouts } from '../storage/blob-store.ts';
import type { BlobLinks } from './blob-links.ts';
import type { BlobMemory, LinkedBlob } from './blob-memory.ts';
import {
  ASKED,
  asOfBoth,
  type BlobReadOptions,
  type Elsewhere,
  localOrigin,
  OWN,
  type Reading,
  type SizedBlob,
} from './elsewhere.ts';

interface Dependencies {
  readonly blobLinks: Pick<BlobLinks, 'link' | 'unlink'>;
  readonly memory: Pick<BlobMemory, 'find'>;
  readonly blobStore: Pick<BlobStore, 'open' | 'locate'>;
  readonly elsewhere?: Pick<Elsewhere, 'judge' | 'findBlob' | 'openBlob'>;
}

export interface Mount {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly from: RepositoryName;
  /** Whether the caller may pull from there. */
  readonly isAllowed: boolean;
  readonly actor: Actor;
}

export class Blobs {
  readonly #blobLinks: Dependencies['blobLinks'];
  readonly #memory: Dependencies['memory'];
  readonly #blobStore: Dependencies['blobStore'];
  readonly #elsewhere: Dependencies['elsewhere'];

  constructor({ blobLinks, memory, blobStore, elsewhere }: Dependencies) {
    this.#blobLinks = blobLinks;
    this.#memory = memory;
    this.#blobStore = blobStore;
    this.#elsewhere = elsewhere;
  }

  /**
   * The blob as the repository has it: bytes that only other repositories hold are not there (A13).
   * What is linked here is answered here, however fresh this site is: its bytes never change.
   *
   * @throws RegistryError BLOB_UNKNOWN
   */
  async get(
    repository: RepositoryName,
    digest: Digest,
    { asOf, consistency, isOpening = false }: BlobReadOptions = {},
  ): Promise<Reading<LinkedBlob>> {
    const standing = await this.#elsewhere?.judge(consistency);
    const known = standing ? asOfBoth(asOf, standing) : asOf;
    const linked = await this.#memory.find(repository, digest, known);
    if (linked) return { found: linked, origin: standing ? localOrigin(standing) : OWN };
    const found = await this.#elsewhere?.findBlob(repository, digest, isOpening);
    if (found) return { found, origin: ASKED };
    throw unknown(digest);
  }

  /**
   * The bytes of a blob that {@link get} gave, or of one range of it.
   * @throws RegistryError BLOB_UNKNOWN where the bytes are neither here nor elsewhere.
   */
  async open(repository: RepositoryName, blob: SizedBlob, range?: ByteRange): Promise<Readable> {
    const content =
      (await this.#blobStore.open(blob.digest, range)) ??
      (await this.#elsewhere?.openBlob(repository, blob, range));
    if (content) return content;
    throw unknown(blob.digest);
  }

  /** Where others may read the bytes themselves, or `undefined`. */
  locate(digest: Digest): Promise<Whereabouts | undefined> {
    return this.#blobStore.locate(digest);
  }

  /**
   * Makes a blob of one repository one of another too. It is looked for also where it may not be
   * pulled, so that the time that it takes tells nothing (A12).
   * @returns whether it could be had.
   */
  async mount({ repository, digest, from, actor, isAllowed }: Mount): Promise<boolean> {
    const source = await this.#memory.find(from, digest);
    if (!source || !isAllowed) return false;
    return this.#blobLinks.link({
      repository,
      digest,
      sizeBytes: source.sizeBytes,
      fromRepository: from,
      actor,
    });
  }

  /**
   * Takes the blob out of this repository alone, also where its manifests name it: a pull of these
   * then fails at the blob, which the specification allows (A44).
   * @throws RegistryError BLOB_UNKNOWN
   */
  async delete(repository: RepositoryName, digest: Digest, actor: Actor): Promise<void> {
    const wasThere = await this.#blobLinks.unlink(repository, digest, actor);
    if (!wasThere) throw unknown(digest);
  }
}

function unknown(digest: Digest): RegistryError {
  return new RegistryError('BLOB_UNKNOWN', { detail: { digest } });
}
