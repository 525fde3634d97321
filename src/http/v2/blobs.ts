/** `/v2/<name>/blobs/<digest>`. */
import type { Readable } from 'node:stream';
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error.ts';
import { OCTET_STREAM } from '../../oci/media-type.ts';
import { type ByteRange, lengthOf, parseRange, printContentRange } from '../../oci/range.ts';
import type { SizedBlob } from '../../registry/elsewhere.ts';
import { type Answer, emptyAnswer, type Headers } from '../answer.ts';
import { multipartAnswer } from './byte-ranges.ts';
import type { Call } from './call.ts';
import { matchesEtag, unchanged } from './conditions.ts';
import { delegateBlob } from './delegate.ts';
import { printOrigin } from './origin.ts';
import type { Services } from './services.ts';

export async function getBlob(call: Call, services: Services): Promise<Answer> {
  const { repository, digest } = call;
  const { consistency } = call;
  const options = { asOf: call.caller.asOf, consistency, isOpening: !call.isHead };
  const { found, origin } = await services.blobs.get(repository, digest, options);
  const blob = { digest, sizeBytes: found.sizeBytes };
  return answerBlob(call, {
    ...blob,
    headers: printOrigin(origin),
    open: (range) => services.blobs.open(repository, blob, range),
    delegate: (headers) => delegateBlob(call, services, headers),
  });
}

/** A blob that is there, and how to come by its bytes. */
export interface FoundBlob extends SizedBlob {
  /** Where it came from. */
  readonly headers: Headers;
  readonly open: (range?: ByteRange) => Promise<Readable>;
  /** An answer that has somebody else send the bytes, where there is such a one. */
  readonly delegate: (headers: Headers) => Promise<Answer | undefined>;
}

/** The blob, or what the conditions and the ranges of the request leave of it. */
export async function answerBlob(call: Call, blob: FoundBlob): Promise<Answer> {
  const { digest, sizeBytes, open } = blob;
  const headers = { ...blobHeaders(digest, sizeBytes), ...blob.headers };
  if (matchesEtag(call.headers['if-none-match'], digest)) return unchanged(headers);
  // A HEAD is the whole blob's, and is answered here: storage signs its URLs for GET (checklist
  // 39).
  if (call.isHead) return { status: 200, headers };
  const ranges = parseRange(wantedRange(call, digest), sizeBytes);
  const delegated = isPlain(call, ranges) && (await blob.delegate(headers));
  if (delegated) return delegated;
  if (!ranges) return { status: 200, headers, body: await open() };
  const [first, second] = ranges;
  if (!first) throw unsatisfiable(sizeBytes);
  if (second) return multipartAnswer({ ranges, sizeBytes, headers, open });
  const ranged = {
    ...headers,
    'Content-Length': lengthOf(first),
    'Content-Range': printContentRange(first, sizeBytes),
  };
  return { status: 206, headers: ranged, body: await open(first) };
}

export async function deleteBlob(call: Call, { blobs }: Services): Promise<Answer> {
  await blobs.delete(call.repository, call.digest, call.actor);
  return emptyAnswer(202);
}

/** Never as anything that a browser would show (A7), and never compressed (T12). */
function blobHeaders(digest: Digest, sizeBytes: number): Headers {
  return {
    'Content-Type': OCTET_STREAM,
    'Content-Length': sizeBytes,
    'Docker-Content-Digest': digest,
    'Accept-Ranges': 'bytes',
    ETag: `"${digest}"`,
    'Cache-Control': 'max-age=31536000, immutable',
    'X-Content-Type-Options': 'nosniff',
  };
}

/**
 * Whether any storage answers this right: the whole, or one range that is there. What several
 * ranges, odd ones and none get differs from one storage to the next (T33).
 */
function isPlain({ headers }: Call, ranges: readonly ByteRange[] | undefined): boolean {
  return headers.range === undefined || ranges?.length === 1;
}

/** RFC 9110, 13.1.5: a range of something else than the client has is no use to it. */
function wantedRange({ headers }: Call, digest: Digest): string | undefined {
  const condition = headers['if-range'];
  return condition === undefined || condition === `"${digest}"` ? headers.range : undefined;
}

function unsatisfiable(sizeBytes: number): RegistryError {
  return new RegistryError('UNSUPPORTED', {
    status: 416,
    message: 'the blob has no such range',
    headers: { 'Content-Range': `bytes */${sizeBytes}` },
  });
}
