/**
 * Blobs whose bytes somebody else sends: the bucket, to which the client is redirected, or nginx in
 * front of us, which reads the file itself. Whether the caller may read was decided before.
 */
import { type Answer, emptyAnswer, type Headers } from '../answer.ts';
import type { Call } from './call.ts';
import type { Services } from './services.ts';

/**
 * @param headers of the blob, as if it were sent from here
 * @returns `undefined` where nobody else can: the bytes are not here whole, or nobody has them
 */
export async function delegateBlob(
  call: Call,
  services: Services,
  headers: Headers,
): Promise<Answer | undefined> {
  const mayRedirect = services.mayRedirect(call.clientAddress);
  const location = services.acceleratedAt?.(call.request);
  if (!mayRedirect && location === undefined) return undefined;
  const found = await services.blobs.locate(call.digest);
  if (found?.kind === 'url' && mayRedirect) return redirectAnswer(found.url, headers);
  if (found?.kind !== 'file' || location === undefined || isConditional(call)) return undefined;
  return acceleratedAnswer(`${location}${found.path}`, headers);
}

/** The signed URL is the client's alone, and not for long (A48). */
function redirectAnswer(location: URL, headers: Headers): Answer {
  const { 'Content-Type': _type, 'Accept-Ranges': _ranges, ETag: _etag, ...kept } = headers;
  return emptyAnswer(307, {
    ...kept,
    Location: location.href,
    'Cache-Control': 'private, no-store',
  });
}

/**
 * nginx takes the status, the range of the request and the file; it keeps the type and the rules
 * of caching, and copies the rest by its own configuration. The empty body keeps its line to us
 * open.
 */
function acceleratedAnswer(location: string, headers: Headers): Answer {
  const { 'Accept-Ranges': _ranges, ...kept } = headers;
  return emptyAnswer(200, { ...kept, 'X-Accel-Redirect': location });
}

/** Conditions that nginx would decide by the date of the file, which says nothing of a blob. */
function isConditional({ headers }: Call): boolean {
  return headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined;
}
