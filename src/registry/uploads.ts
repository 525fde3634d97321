/**
 * Uploads: a blob on its way in, over any number of requests and any machine of the site.
 *
 * The bytes lie in a staging of the blob store, the session's row says how many of them count, and
 * a lease on the row lets one request at a time add to them.
 */
import { type Algorithm, algorithmOf, type Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error.ts';
import type { Actor } from '../oci/events/actor.ts';
import { lengthOf } from '../oci/range.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { StorageUnavailable } from '../storage/failure.ts';
import type { UploadSession, UploadTracker } from '../storage/upload-tracker.ts';
import type { BlobLinks } from './blob-links.ts';
import type { HeldUpload, UploadLeases } from './upload-leases.ts';
import { bounded, type Chunk, checkChunk, wrongSize } from './upload-rules.ts';

interface Dependencies {
  readonly uploadTracker: Pick<UploadTracker, 'find' | 'delete'>;
  readonly leases: UploadLeases;
  readonly blobStore: Pick<BlobStore, 'append' | 'commit' | 'discard'>;
  readonly blobLinks: Pick<BlobLinks, 'link'>;
}

/** An upload as a request names it; `offset` is where the request believes it to stand. */
export interface UploadPoint {
  readonly id: string;
  readonly repository: RepositoryName;
  readonly subject: string;
  readonly offset: number;
}

export interface Finish {
  readonly digest: Digest;
  readonly chunk: Chunk;
  /** With the request that finishes it; else the subject alone. */
  readonly actor?: Actor;
}

/** The upload stands elsewhere than the request believes, or another request writes to it. */
export interface OutOfOrder {
  readonly kind: 'out-of-order';
  readonly offset: number;
}

export type AppendResult = { readonly kind: 'appended'; readonly offset: number } | OutOfOrder;
export type FinishResult = { readonly kind: 'finished'; readonly sizeBytes: number } | OutOfOrder;

export class Uploads {
  readonly #uploadTracker: Dependencies['uploadTracker'];
  readonly #leases: Dependencies['leases'];
  readonly #blobStore: Dependencies['blobStore'];
  readonly #blobLinks: Dependencies['blobLinks'];

  constructor({ uploadTracker, leases, blobStore, blobLinks }: Dependencies) {
    this.#uploadTracker = uploadTracker;
    this.#leases = leases;
    this.#blobStore = blobStore;
    this.#blobLinks = blobLinks;
  }

  /** Bytes that are kept. @throws RegistryError BLOB_UPLOAD_UNKNOWN, also for another's (A10). */
  async getOffset(point: Omit<UploadPoint, 'offset'>): Promise<number> {
    const session = await this.#uploadTracker.find(point.id);
    if (!session || !isTheirs(session, point)) throw unknown();
    return session.offset;
  }

  /**
   * The same, after a write that is breaking off just now has counted its bytes: a client that lost
   * its line asks at once, and would go on from where it no longer stands.
   */
  async settleOffset(point: Omit<UploadPoint, 'offset'>): Promise<number> {
    await this.getOffset(point);
    await (await this.#leases.take(point.id, 'any'))?.release();
    return this.getOffset(point);
  }

  /**
   * Adds bytes. A client that goes away in the middle loses nothing of what came in.
   * @throws RegistryError BLOB_UPLOAD_UNKNOWN, SIZE_INVALID; what broke the content off.
   */
  async append(point: UploadPoint, chunk: Chunk): Promise<AppendResult> {
    checkChunk(chunk);
    const held = await this.#take(point, chunk);
    if (!held) return this.#outOfOrder(point);
    const offset = await this.#write(held, chunk, held.session.algorithm);
    if (!(await held.release(offset))) await this.#refuseLost(point);
    return { kind: 'appended', offset };
  }

  /**
   * Adds the last bytes, proves the digest, and links the blob.
   * @throws RegistryError DIGEST_INVALID, and then the upload is gone with its bytes (A18);
   * BLOB_UPLOAD_UNKNOWN, SIZE_INVALID; what broke the content off.
   */
  async finish(
    point: UploadPoint,
    { digest, chunk, actor = point.subject }: Finish,
  ): Promise<FinishResult> {
    checkChunk(chunk);
    const held = await this.#take(point, chunk);
    if (!held) return this.#outOfOrder(point);
    let { offset } = held.session;
    // Nothing was ever written of an empty blob: its staging begins here.
    if (chunk.length !== 0 || offset === 0) {
      offset = await this.#write(held, chunk, algorithmOf(digest));
    }
    try {
      const sizeBytes = await this.#settle(point, digest, actor);
      held.end();
      return { kind: 'finished', sizeBytes };
    } catch (error) {
      await held.release(offset);
      throw error;
    }
  }

  /** Ends the upload and drops its bytes. @throws RegistryError BLOB_UPLOAD_UNKNOWN */
  async cancel(point: Omit<UploadPoint, 'offset'>): Promise<void> {
    await this.getOffset(point);
    if (!(await this.#uploadTracker.delete(point.id))) throw unknown();
    await this.#blobStore.discard(point.id);
  }

  /** Whoever cannot have it is told why by {@link getOffset}. @throws BLOB_UPLOAD_UNKNOWN */
  async #take(point: UploadPoint, { range }: Chunk): Promise<HeldUpload | undefined> {
    if (range && range.start !== point.offset) return undefined;
    const held = await this.#leases.take(point.id, point.offset);
    if (!held || isTheirs(held.session, point)) return held;
    await held.release();
    throw unknown();
  }

  /**
   * Writes behind what is there; does not end the lease unless it fails.
   * @returns the bytes that the upload holds now.
   */
  async #write(held: HeldUpload, chunk: Chunk, algorithm: Algorithm): Promise<number> {
    const { id, offset } = held.session;
    const append = { offset, content: bounded(chunk), algorithm };
    let kept = offset;
    try {
      const outcome = await this.#blobStore.append(id, append);
      if (outcome.offset < offset) throw await this.#giveUp(id);
      if (outcome.interruption) {
        // Bytes beyond their own range are no bytes of the blob.
        if (!(outcome.interruption instanceof RegistryError)) kept = outcome.offset;
        throw outcome.interruption;
      }
      if (chunk.range && outcome.offset - offset !== lengthOf(chunk.range)) throw wrongSize();
      return outcome.offset;
    } catch (error) {
      const wasHeld = await held.release(kept);
      if (!wasHeld) await this.#discardIfGone(id);
      throw error;
    }
  }

  /** Commits the staging and links the blob; the upload is over, however it ends. */
  async #settle({ id, repository }: UploadPoint, digest: Digest, actor: Actor): Promise<number> {
    const outcome = await this.#blobStore.commit(id, digest);
    if (outcome.kind !== 'committed') {
      await this.#uploadTracker.delete(id);
      if (outcome.kind === 'unknown') throw unknown();
      throw new RegistryError('DIGEST_INVALID', { detail: { digest, actual: outcome.actual } });
    }
    const { sizeBytes } = outcome;
    const link = { repository, digest, sizeBytes, actor };
    // Beside each other: its staging is a blob now, so the upload is over however the link ends.
    const [isLinked] = await Promise.all([
      this.#blobLinks.link(link),
      this.#uploadTracker.delete(id),
    ]);
    // They were taken for garbage just now, and the upload was dropped as one too many.
    if (!isLinked) throw new StorageUnavailable(`the bytes of ${digest} have to be pushed again`);
    return sizeBytes;
  }

  /** The store lost bytes that were counted: what is left is of no use to anybody. */
  async #giveUp(id: string): Promise<RegistryError> {
    await this.#uploadTracker.delete(id);
    return unknown();
  }

  /** The lease was lost under way: the upload was cancelled, or another machine took it over. */
  async #refuseLost({ id }: UploadPoint): Promise<never> {
    await this.#discardIfGone(id);
    throw unknown();
  }

  /** A write that was cancelled under way leaves nothing behind. */
  async #discardIfGone(id: string): Promise<void> {
    if (!(await this.#uploadTracker.find(id))) await this.#blobStore.discard(id);
  }

  async #outOfOrder(point: UploadPoint): Promise<OutOfOrder> {
    return { kind: 'out-of-order', offset: await this.getOffset(point) };
  }
}

function isTheirs(session: UploadSession, point: Omit<UploadPoint, 'offset'>): boolean {
  return session.repository === point.repository && session.subject === point.subject;
}

function unknown(): RegistryError {
  return new RegistryError('BLOB_UPLOAD_UNKNOWN');
}
