/** Links to bytes that may be removed as garbage at the same moment (A42). */
import type { Clock } from '../clock.ts';
import type { Digest } from '../oci/digest.ts';
import type { Actor } from '../oci/events/actor.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { BytesRemoved, StorageUnavailable } from '../storage/failure.ts';
import type { BlobLink, Metadata } from '../storage/metadata.ts';

interface Dependencies {
  readonly metadata: Pick<Metadata, 'linkBlob' | 'unlinkBlob'>;
  readonly blobStore: Pick<BlobStore, 'find'>;
  readonly clock: Clock;
}

/** How often, and how long each time, a removal that is under way is waited for. */
const WAITS = 40;
const WAIT_MS = 50;

export class BlobLinks {
  readonly #metadata: Dependencies['metadata'];
  readonly #blobStore: Dependencies['blobStore'];
  readonly #clock: Clock;

  constructor({ metadata, blobStore, clock }: Dependencies) {
    this.#metadata = metadata;
    this.#blobStore = blobStore;
    this.#clock = clock;
  }

  /**
   * Links a blob that the caller has seen. Where its bytes were removed meanwhile, looks whether
   * they are here after all, since a push may have brought them again.
   * @returns whether they are; where not, nothing was linked
   * @throws StorageUnavailable where they are being removed for longer than anybody should wait
   */
  async link(link: BlobLink): Promise<boolean> {
    let foundBehind: string | undefined;
    for (let tries = 0; tries < WAITS; tries += 1) {
      const found = foundBehind === undefined ? {} : { foundBehind };
      const removed = await this.#metadata.linkBlob({ ...link, ...found }).then(
        () => undefined,
        (error: unknown) => asRemoved(error),
      );
      if (!removed) return true;
      foundBehind = removed.removal;
      if (foundBehind === undefined) await this.#clock.sleep(WAIT_MS);
      else if (!(await this.#blobStore.find(link.digest))) return false;
    }
    throw new StorageUnavailable(`the bytes of ${link.digest} are being removed: push them again`);
  }

  /** Takes the blob out of the repository alone. @returns whether it was there. */
  unlink(repository: RepositoryName, digest: Digest, actor: Actor): Promise<boolean> {
    return this.#metadata.unlinkBlob(repository, digest, actor);
  }
}

function asRemoved(error: unknown): BytesRemoved {
  if (error instanceof BytesRemoved) return error;
  throw error;
}
