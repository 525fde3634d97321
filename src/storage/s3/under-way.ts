/**
 * What this process knows of the stagings that it uploads: the hash of their bytes, as long as all
 * of them passed through here in order, and the copy of those that are read along.
 */
import { LRUCache } from 'lru-cache';
import type { Hasher } from '../../oci/digest.ts';
import type { Piece } from './pieces.ts';
import { Spool } from './spool.ts';

const MOST_STAGINGS = 10_000;

interface UnderWay {
  hasher?: Hasher | undefined;
  /** The pieces as they were when the hasher had seen all of them. */
  seal?: string;
  spool?: Spool | undefined;
}

export class UnderWayUploads {
  readonly #uploads = new LRUCache<string, UnderWay>({
    max: MOST_STAGINGS,
    dispose: ({ spool }) => void spool?.end(new Error('the staging is no longer written here')),
  });

  /** Takes the hash out, where it has seen exactly these pieces. */
  takeHasher(staging: string, pieces: readonly Piece[]): Hasher | undefined {
    const known = this.#uploads.get(staging);
    const hasher = known?.seal === sealOf(pieces) ? known.hasher : undefined;
    if (known) known.hasher = undefined;
    return hasher;
  }

  keepHasher(staging: string, hasher: Hasher, pieces: readonly Piece[]): void {
    Object.assign(this.#knownOf(staging), { hasher, seal: sealOf(pieces) });
  }

  findSpool(staging: string): Spool | undefined {
    return this.#uploads.get(staging)?.spool;
  }

  async openSpool(staging: string): Promise<Spool> {
    const known = this.#knownOf(staging);
    known.spool ??= await Spool.open();
    return known.spool;
  }

  forget(staging: string): void {
    this.#uploads.delete(staging);
  }

  #knownOf(staging: string): UnderWay {
    const known = this.#uploads.get(staging) ?? {};
    this.#uploads.set(staging, known, { noDisposeOnSet: true });
    return known;
  }
}

/** Tells whether another machine wrote to the staging since. */
function sealOf(pieces: readonly Piece[]): string {
  return pieces.map(({ offset, lengthBytes, etag }) => `${offset}+${lengthBytes}:${etag}`).join();
}
