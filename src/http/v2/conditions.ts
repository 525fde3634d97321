/** Conditional requests: content that is named by its digest changes only with it. */
import type { Answer, Headers } from '../answer.ts';

/** RFC 9110, 13.1.2; the bare digest, which docker sends, matches as well. */
export function matchesEtag(header: string | undefined, digest: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((item) => {
    const tag = item.trim();
    return tag === '*' || tag === digest || tag.replace(/^W\//, '') === `"${digest}"`;
  });
}

/** 304: what a 200 would have said of the content, without the content. */
export function unchanged(headers: Headers): Answer {
  const { 'Content-Length': _length, 'Content-Type': _type, ...others } = headers;
  return { status: 304, headers: others };
}
