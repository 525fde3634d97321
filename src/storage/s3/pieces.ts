/** The pieces of a staging, each an object, and the ranges of them that make the blob. */
import type { Bucket, CopyPart, StoredObject } from './bucket.ts';
import type { Keys } from './keys.ts';

export interface Piece {
  readonly key: string;
  /** Where in the staging it begins. */
  readonly offset: number;
  /** How much of it counts. */
  readonly lengthBytes: number;
  readonly etag: string;
}

const LIST_LIMIT = 1000;
/** Of S3: the least size of a part that is not the last one. */
export const LEAST_PART_BYTES = 5 * 1024 * 1024;
/** Far below S3's 5 GiB, so that no copy takes long. */
const LARGEST_PART_BYTES = 1024 * 1024 * 1024;
const MOST_PARTS = 10_000;

/** In order; a piece that reaches beyond the beginning of the next counts only up to there. */
export async function listPieces(bucket: Bucket, keys: Keys, staging: string): Promise<Piece[]> {
  const objects: StoredObject[] = [];
  for (;;) {
    const after = objects.at(-1)?.key;
    const page = { limit: LIST_LIMIT, ...(after === undefined ? {} : { after }) };
    const more = await bucket.list(keys.staging(staging), page);
    objects.push(...more);
    if (more.length < LIST_LIMIT) break;
  }
  return objects.map(({ key, sizeBytes, etag }, index) => {
    const next = objects[index + 1];
    const offset = keys.offsetOf(key);
    const room = next ? keys.offsetOf(next.key) - offset : Infinity;
    return { key, offset, lengthBytes: Math.min(sizeBytes, room), etag };
  });
}

/** Up to where the pieces reach without a hole. */
export function lengthOfPieces(pieces: readonly Piece[]): number {
  let end = 0;
  for (const piece of pieces) if (piece.offset === end) end += piece.lengthBytes;
  return end;
}

/** The parts for a copy inside the store, or `undefined` where a piece is too small to be one. */
export function planParts(pieces: readonly Piece[]): CopyPart[] | undefined {
  const parts = pieces.flatMap(split);
  const isPossible = parts
    .slice(0, -1)
    .every(({ range }) => range.end - range.start + 1 >= LEAST_PART_BYTES);
  return isPossible && parts.length > 0 && parts.length <= MOST_PARTS ? parts : undefined;
}

/** Equal ranges of a piece, none too large. */
function split({ key, lengthBytes }: Piece): CopyPart[] {
  const count = Math.ceil(lengthBytes / LARGEST_PART_BYTES);
  const step = Math.ceil(lengthBytes / count);
  return Array.from({ length: count }, (_, index) => ({
    key,
    range: { start: index * step, end: Math.min(lengthBytes, (index + 1) * step) - 1 },
  }));
}
