/** Lists of an upstream, which come in pages: tags, and the referrers of a manifest. */
import { isDigest } from '../../../oci/digest.ts';
import { essence, OCI_INDEX } from '../../../oci/media-type.ts';
import { parseTag, type Tag } from '../../../oci/reference.ts';
import { RemoteFailure, type RemoteManifest } from '../../virtual/remotes.ts';
import { readShort } from './body.ts';
import type { CallAnswer } from './caller.ts';
import { type RemoteLine, scopeOf, type Wanted } from './line.ts';

const MAX_PAGE_BYTES = 4 * 1024 * 1024;

/** More pages than this are not asked for at once. */
const MAX_PAGES = 100;

/** All pages of an index together: a list of signatures is no transfer (A38, A45). */
const MAX_INDEX_BYTES = 2 * MAX_PAGE_BYTES;

/** Registries refuse more in one page. */
const MAX_PAGE_TAGS = 1000;

/** > Link: <url>; rel="next" (RFC 5988, as the distribution-spec has it for lists) */
const NEXT = /<([^<>]*)>\s*;[^<>]*\brel="?next\b/;

/** @returns `undefined` where the upstream has no such image; else in its own order */
export async function listTags(
  line: RemoteLine,
  name: string,
  { after, limit }: { readonly after?: Tag; readonly limit: number },
): Promise<Tag[] | undefined> {
  const url = new URL(`/v2/${name}/tags/list`, line.facts.url);
  url.searchParams.set('n', String(Math.min(limit, MAX_PAGE_TAGS)));
  if (after !== undefined) url.searchParams.set('last', after);
  const tags = new Set<Tag>();
  let isKnown = false;
  for await (const page of readPages(line, { url, scope: scopeOf(name) })) {
    isKnown = true;
    for (const tag of tagsBehind(page, after)) tags.add(tag);
    if (tags.size >= limit) break;
  }
  return isKnown ? [...tags].slice(0, limit) : undefined;
}

/** A registry that knows no pages answers with all tags: those behind the one are meant. */
function tagsBehind({ content, url }: Page, after: Tag | undefined): Tag[] {
  const listed = readObject(content, url)['tags'];
  const texts = Array.isArray(listed) ? (listed as unknown[]) : [];
  const tags = texts.flatMap((text) => (typeof text === 'string' ? (parseTag(text) ?? []) : []));
  return after === undefined ? tags : tags.slice(tags.indexOf(after) + 1);
}

/** The index of the referrers API, its pages as one; `undefined` where it has no such API. */
export async function findReferrersIndex(
  line: RemoteLine,
  name: string,
  subject: string,
): Promise<RemoteManifest | undefined> {
  const pages: Page[] = [];
  let sizeBytes = 0;
  const url = new URL(`/v2/${name}/referrers/${subject}`, line.facts.url);
  for await (const page of readPages(line, { url, scope: scopeOf(name), isOptional: true })) {
    if (page.mediaType !== OCI_INDEX) return undefined;
    sizeBytes += page.content.length;
    if (sizeBytes > MAX_INDEX_BYTES) {
      throw new RemoteFailure('broken', `${url.host} lists more than ${MAX_INDEX_BYTES} bytes`);
    }
    pages.push(page);
  }
  const [first] = pages;
  if (!first) return undefined;
  if (pages.length === 1) return { mediaType: OCI_INDEX, content: first.content };
  const manifests = pages.flatMap(readDescriptors);
  const index = { ...readObject(first.content, first.url), manifests };
  return { mediaType: OCI_INDEX, content: Buffer.from(JSON.stringify(index)) };
}

function readDescriptors({ content, url }: Page): unknown[] {
  const listed = readObject(content, url)['manifests'];
  const items = Array.isArray(listed) ? (listed as { digest?: unknown }[]) : [];
  return items.filter((item) => typeof item?.digest === 'string' && isDigest(item.digest));
}

interface Page {
  readonly mediaType: string;
  readonly content: Buffer;
  readonly url: URL;
}

async function* readPages(
  line: RemoteLine,
  { url: first, ...wanted }: Pick<Wanted, 'url' | 'scope' | 'isOptional'>,
): AsyncGenerator<Page> {
  const { timeoutMs } = line.facts;
  const headers = { accept: `application/json, ${OCI_INDEX}` };
  const seen = new Set<string>();
  for (let url: URL | undefined = first; url && !seen.has(url.href); ) {
    seen.add(url.href);
    const answer = await line.ask({ ...wanted, method: 'GET', url, headers, stay: 'question' });
    if (!answer) return;
    const content = await readShort(answer, { maxBytes: MAX_PAGE_BYTES, limitMs: timeoutMs });
    const mediaType = essence(String(answer.headers['content-type'] ?? ''));
    yield { mediaType, content, url };
    url = seen.size < MAX_PAGES ? nextPage(answer, line.facts.url) : undefined;
  }
}

/** A page elsewhere would be asked for with our token: only the same origin is followed (A30). */
function nextPage({ headers, url }: CallAnswer, upstream: URL): URL | undefined {
  const [, target] = NEXT.exec([headers['link'] ?? []].flat().join(', ')) ?? [];
  if (target === undefined) return undefined;
  const next = URL.canParse(target, url.href) ? new URL(target, url) : undefined;
  if (next?.origin === upstream.origin && next.username === '') return next;
  const message = `${upstream.host} continues its list on another origin`;
  throw new RemoteFailure('forbidden-address', message);
}

function readObject(content: Buffer, { host }: URL): Readonly<Record<string, unknown>> {
  try {
    const value = JSON.parse(content.toString('utf8')) as unknown;
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // It is said below.
  }
  throw new RemoteFailure('broken', `${host} answers with a list that is none`);
}
