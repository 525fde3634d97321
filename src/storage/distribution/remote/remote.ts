/** One upstream, read over the OCI distribution API. */
import { Readable } from 'node:stream';
import { algorithmOf, type Digest, hexOf, parseDigest } from '../../../oci/digest.ts';
import { essence } from '../../../oci/media-type.ts';
import {
  parseTag,
  printReference,
  type Reference,
  type RepositoryName,
  type Tag,
} from '../../../oci/reference.ts';
import {
  type RateLimit,
  type Remote,
  type RemoteBlob,
  RemoteFailure,
  type RemoteManifest,
  type RemoteWord,
} from '../../virtual/remotes.ts';
import { printRange, readPart } from '../parts.ts';
import { ACCEPT } from '../upstream.ts';
import { passThrough, readShort } from './body.ts';
import { type CallAnswer, dropBody } from './caller.ts';
import { type Checkup, checkUp } from './checkup.ts';
import { prefixOf } from './guard.ts';
import { type RemoteLine, scopeOf } from './line.ts';
import { findReferrersIndex, listTags } from './lists.ts';

/** > registry SHOULD … at least 4 megabytes: no client pushes more than every registry takes. */
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Manifests and indexes of every format are JSON; a login page is not. */
const MANIFEST_TYPE = /^application\/(?:[!-~]*\+)?(?:json|prettyjws)$/;

export interface RemoteOptions {
  readonly line: RemoteLine;
  /** Whether a name of one level is asked for in `library/`. */
  readonly rewritesLibrary: boolean;
}

export class DistributionRemote implements Remote {
  readonly #line: RemoteLine;
  readonly #rewritesLibrary: boolean;

  constructor({ line, rewritesLibrary }: RemoteOptions) {
    this.#line = line;
    this.#rewritesLibrary = rewritesLibrary;
  }

  get rateLimit(): RateLimit | undefined {
    return this.#line.rateLimit;
  }

  async headManifest(image: RepositoryName, reference: Reference): Promise<RemoteWord | undefined> {
    const answer = await this.#askManifest('HEAD', image, reference);
    if (!answer) return undefined;
    await dropBody(answer);
    const mediaType = manifestTypeOf(answer);
    const sizeBytes = Number(answer.headers['content-length'] ?? Number.NaN);
    // Without a size a HEAD is no word that could be passed on; whoever reads the whole knows it.
    if (!Number.isSafeInteger(sizeBytes)) return this.#measure(image, reference);
    const digest = parseDigest(String(answer.headers['docker-content-digest'] ?? ''));
    return { mediaType, sizeBytes, ...(digest ? { digest } : {}) };
  }

  async #measure(image: RepositoryName, reference: Reference): Promise<RemoteWord | undefined> {
    const found = await this.findManifest(image, reference);
    return found && { mediaType: found.mediaType, sizeBytes: found.content.length };
  }

  async findManifest(
    image: RepositoryName,
    reference: Reference,
  ): Promise<RemoteManifest | undefined> {
    const answer = await this.#askManifest('GET', image, reference);
    if (!answer) return undefined;
    const { timeoutMs } = this.#line.facts;
    try {
      const mediaType = manifestTypeOf(answer);
      const limits = { maxBytes: MAX_MANIFEST_BYTES, limitMs: timeoutMs };
      return { mediaType, content: await readShort(answer, limits) };
    } finally {
      answer.body.destroy();
    }
  }

  async openBlob(
    image: RepositoryName,
    digest: Digest,
    offset = 0,
  ): Promise<RemoteBlob | undefined> {
    const { url: base, clock, timeoutMs: windowMs } = this.#line.facts;
    const name = this.#nameOf(image);
    const url = new URL(`/v2/${name}/blobs/${digest}`, base);
    const headers = printRange({ start: offset });
    const scope = scopeOf(name);
    const answer = await this.#line.ask({ method: 'GET', url, scope, headers, stay: 'transfer' });
    if (!answer) return undefined;
    const part =
      essence(String(answer.headers['content-type'] ?? '')) === 'text/html'
        ? undefined
        : readPart(answer, offset);
    if (!part || part.end !== part.sizeBytes || !Number.isSafeInteger(part.sizeBytes)) {
      answer.body.destroy();
      throw new RemoteFailure('broken', `${answer.url.host} answers with no blob of a known size`);
    }
    const { sizeBytes, content } = part;
    if (offset < sizeBytes) {
      const rest = { content, sizeBytes: sizeBytes - offset, url: answer.url };
      return { sizeBytes, content: passThrough({ ...rest, clock, windowMs }) };
    }
    // Nothing lies behind the end, and what explains that is read by nobody.
    content.destroy();
    return { sizeBytes, content: Readable.from([]) };
  }

  listTags(
    image: RepositoryName,
    page: { readonly after?: Tag; readonly limit: number },
  ): Promise<Tag[] | undefined> {
    return listTags(this.#line, this.#nameOf(image), page);
  }

  /**
   * > A client querying the referrers API and receiving a 404 Not Found MUST fallback to using the
   * > referrers tag schema
   */
  async findReferrers(image: RepositoryName, subject: Digest): Promise<RemoteManifest | undefined> {
    const index = await findReferrersIndex(this.#line, this.#nameOf(image), subject);
    if (index) return index;
    const tag = parseTag(`${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}`);
    return tag && this.findManifest(image, { kind: 'tag', tag });
  }

  test(): Promise<Checkup> {
    return checkUp(this.#line);
  }

  #askManifest(
    method: 'GET' | 'HEAD',
    image: RepositoryName,
    reference: Reference,
  ): Promise<CallAnswer | undefined> {
    const name = this.#nameOf(image);
    const path = `/v2/${name}/manifests/${printReference(reference)}`;
    const url = new URL(path, this.#line.facts.url);
    const headers = { accept: ACCEPT };
    return this.#line.ask({ method, url, scope: scopeOf(name), headers, stay: 'question' });
  }

  /** The image's name as the upstream has it. */
  #nameOf(image: RepositoryName): string {
    const prefix = prefixOf(this.#line.facts.url.pathname);
    const name = this.#rewritesLibrary && !image.includes('/') ? `library/${image}` : image;
    return prefix === '' ? name : `${prefix}/${name}`;
  }
}

function manifestTypeOf({ headers, url }: CallAnswer): string {
  const mediaType = essence(String(headers['content-type'] ?? ''));
  if (MANIFEST_TYPE.test(mediaType)) return mediaType;
  const what = mediaType === '' ? 'content without a type' : mediaType;
  throw new RemoteFailure('broken', `${url.host} answers with ${what} instead of a manifest`);
}
