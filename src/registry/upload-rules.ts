/**
 * The pure part of uploads: which bytes a request may send, and what is said of those that it may
 * not.
 */
import { RegistryError } from '../oci/error.ts';
import { type ByteRange, lengthOf, printUploadRange } from '../oci/range.ts';

/** What a request says of the bytes that it brings. */
export interface Chunk {
  readonly content: AsyncIterable<Uint8Array>;
  /** `Content-Length`, where the client announced it. */
  readonly length?: number;
  /** `Content-Range`, where it says where the bytes belong. */
  readonly range?: ByteRange;
}

/**
 * @throws RegistryError SIZE_INVALID where range and length contradict each other (checklist 57).
 */
export function checkChunk({ length, range }: Chunk): void {
  if (range && length !== undefined && lengthOf(range) !== length) throw wrongSize();
}

export function wrongSize(): RegistryError {
  return new RegistryError('SIZE_INVALID');
}

/** 416, with all that a client needs to go on (checklist 58, 66). */
export function outOfOrder(offset: number, location: string): RegistryError {
  return new RegistryError('BLOB_UPLOAD_INVALID', {
    status: 416,
    message: 'these bytes do not follow what the upload holds',
    headers: { Location: location, Range: printUploadRange(offset) },
  });
}

/** The content, broken off with SIZE_INVALID where it is longer than its range. */
export function bounded({ content, range, length }: Chunk): AsyncIterable<Uint8Array> {
  // A length that was announced is kept by HTTP itself.
  return range && length === undefined ? stopAfter(content, lengthOf(range)) : content;
}

async function* stopAfter(
  content: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncIterable<Uint8Array> {
  let seen = 0;
  for await (const bytes of content) {
    seen += bytes.length;
    if (seen > maxBytes) throw wrongSize();
    yield bytes;
  }
}
