/**
 * An upstream that misbehaves on command: a registry over real HTTP that holds what it is given,
 * counts what it is asked, and does as it is told.
 */
import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { parseRange, printContentRange } from '../../src/oci/range.ts';
import { CERTIFICATE, KEY } from '../support/certificate.ts';
import { IMAGE, INDEX } from '../support/content.ts';
import { type GoodAnswer, giveGood, type Misdeed } from './misdeeds.ts';
import { TokenService, type TokenServiceOptions } from './token-service.ts';

export type AskedKind =
  | 'ping'
  | 'head-manifest'
  | 'manifest'
  | 'head-blob'
  | 'blob'
  | 'tags'
  | 'referrers'
  | 'token'
  | 'other';

export interface Asked {
  readonly kind: AskedKind;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface UpstreamOptions {
  /** Who gets tokens, and by which challenge; everybody may read where this is absent. */
  readonly auth?: TokenServiceOptions;
  /** With the certificate of the tests. */
  readonly isTls?: boolean;
  /** Whether it has the referrers API. */
  readonly hasReferrers?: boolean;
  /** Whether `n` and `last` of tag lists mean anything to it. */
  readonly pagesTags?: boolean;
  /** What it has no image for is refused, as at Docker Hub, not missing. */
  readonly hides?: boolean;
  /** By which name it is called; its address where absent. */
  readonly host?: string;
}

export interface PutImage {
  readonly digest: Digest;
  readonly content: Buffer;
  readonly mediaType: string;
  readonly config: Digest;
  readonly layer: Digest;
}

interface Stored {
  readonly mediaType: string;
  readonly content: Buffer;
}

interface Order {
  readonly kinds: readonly AskedKind[];
  readonly misdeed: Misdeed;
  left: number;
}

/** `/v2/<name>/<noun>/<reference>`; names have any number of levels. */
const ROUTE = /^\/v2\/(.+)\/(manifests|blobs|referrers|tags)\/([^/]+)$/;

export class TestUpstream {
  readonly #server: Server;
  readonly #options: UpstreamOptions;
  readonly #manifests = new Map<string, Stored>();
  readonly #blobs = new Map<string, Buffer>();
  readonly #tags = new Map<string, string[]>();
  readonly #asked: Asked[] = [];
  #orders: Order[] = [];
  readonly tokens: TokenService | undefined;

  static async start(options: UpstreamOptions = {}): Promise<TestUpstream> {
    const server = options.isTls
      ? createTlsServer({ cert: CERTIFICATE, key: KEY })
      : createServer();
    const upstream = new TestUpstream(server, options);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return upstream;
  }

  private constructor(server: Server, options: UpstreamOptions) {
    this.#server = server;
    this.#options = options;
    this.tokens = options.auth && new TokenService(options.auth);
    server.on('request', (request, response) => {
      response.on('error', () => undefined);
      this.#serve(request, response);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** What an operator would write for it. */
  get url(): string {
    const { isTls, host = '127.0.0.1' } = this.#options;
    return `${isTls ? 'https' : 'http'}://${host}:${this.port}`;
  }

  /** All requests so far, in their order. */
  get asked(): readonly Asked[] {
    return this.#asked;
  }

  /** How many requests of that kind came; of all kinds where none is named. */
  count(kind?: AskedKind): number {
    return this.#asked.filter((one) => kind === undefined || one.kind === kind).length;
  }

  /** Counts from nought again. */
  forget(): void {
    this.#asked.length = 0;
  }

  /** Does this instead, that many times; the first order that fits a request is taken. */
  misbehave(misdeed: Misdeed, on: AskedKind | readonly AskedKind[], times = Infinity): void {
    const kinds = typeof on === 'string' ? [on] : on;
    this.#orders.push({ kinds, misdeed, left: times });
  }

  /** From now on as it should. */
  behave(): void {
    this.#orders = [];
  }

  putBlob(image: string, content: Buffer | string): Digest {
    const bytes = Buffer.from(content);
    const digest = digestOf(bytes);
    this.#blobs.set(`${image}@${digest}`, bytes);
    return digest;
  }

  putManifest(image: string, stored: Stored, tag?: string): Digest {
    const digest = digestOf(stored.content);
    this.#manifests.set(`${image}@${digest}`, stored);
    if (tag === undefined) return digest;
    this.#manifests.set(`${image}:${tag}`, stored);
    const tags = this.#tags.get(image) ?? [];
    this.#tags.set(image, [...new Set([...tags, tag])].toSorted());
    return digest;
  }

  /** An image of a config and one layer, which differ by the word. */
  putImage(image: string, tag: string | undefined, word: string | Buffer): PutImage {
    const layerBytes = Buffer.from(word);
    const layer = this.putBlob(image, layerBytes);
    const configBytes = Buffer.from(JSON.stringify({ made: digestOf(layerBytes) }));
    const config = this.putBlob(image, configBytes);
    const manifest = {
      schemaVersion: 2,
      mediaType: IMAGE,
      config: describe('config.v1+json', config, configBytes),
      layers: [describe('layer.v1.tar', layer, layerBytes)],
    };
    const stored = { mediaType: IMAGE, content: Buffer.from(JSON.stringify(manifest)) };
    return { ...stored, config, layer, digest: this.putManifest(image, stored, tag) };
  }

  /** An index of images that are there. */
  putIndex(image: string, tag: string | undefined, children: readonly PutImage[]): Digest {
    const manifests = children.map(({ mediaType, digest, content }) => ({
      mediaType,
      digest,
      size: content.length,
    }));
    const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
    return this.putManifest(image, { mediaType: INDEX, content }, tag);
  }

  /** What was there under that tag is not any more. */
  deleteTag(image: string, tag: string): void {
    this.#manifests.delete(`${image}:${tag}`);
    const tags = this.#tags.get(image) ?? [];
    this.#tags.set(
      image,
      tags.filter((one) => one !== tag),
    );
  }

  deleteBlob(image: string, digest: Digest): void {
    this.#blobs.delete(`${image}@${digest}`);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const { method = 'GET', url = '/', headers } = request;
    const kind = kindOf(method, url);
    this.#asked.push({ kind, method, path: url, headers });
    const good = this.#answer(request, kind);
    const order = this.#orders.find(({ kinds, left }) => left > 0 && kinds.includes(kind));
    if (order) order.left -= 1;
    (order?.misdeed ?? giveGood)(request, response, good);
  }

  #answer(request: IncomingMessage, kind: AskedKind): GoodAnswer {
    const url = new URL(request.url ?? '/', this.url);
    const [, image = '', noun, reference = ''] = ROUTE.exec(url.pathname) ?? [];
    if (kind === 'token') return this.tokens?.answer(request, url) ?? missing;
    const refused = this.tokens?.refuse(request, this.url, image);
    if (refused) return refused;
    if (kind === 'ping') return { status: 200, headers: JSON_TYPE, body: Buffer.from('{}') };
    const found = this.#find(request, url, { image, noun, reference });
    if (found) return found;
    return this.#options.hides ? (this.tokens?.refusal(this.url, image) ?? missing) : missing;
  }

  #find(
    request: IncomingMessage,
    url: URL,
    asked: { image: string; noun: string | undefined; reference: string },
  ): GoodAnswer | undefined {
    const { image, noun, reference } = asked;
    if (noun === 'tags') return this.#listTags(image, url);
    if (noun === 'referrers') return this.#listReferrers(image, reference);
    const mark = reference.includes(':') ? '@' : ':';
    const name = `${image}${mark}${reference}`;
    if (noun === 'blobs') return blobAnswer(request, reference, this.#blobs.get(name));
    const stored = this.#manifests.get(name);
    return stored && manifestAnswer(stored);
  }

  #listTags(image: string, url: URL): GoodAnswer | undefined {
    const all = this.#tags.get(image);
    if (!all) return undefined;
    const isPaged = this.#options.pagesTags !== false;
    const last = isPaged ? (url.searchParams.get('last') ?? '') : '';
    const n = isPaged ? Number(url.searchParams.get('n') ?? all.length) : all.length;
    const rest = all.filter((tag) => tag > last);
    const tags = rest.slice(0, n);
    const body = Buffer.from(JSON.stringify({ name: image, tags }));
    const next = `</v2/${image}/tags/list?n=${n}&last=${tags.at(-1) ?? ''}>; rel="next"`;
    const headers = { ...JSON_TYPE, ...(rest.length > tags.length ? { link: next } : {}) };
    return { status: 200, headers: { ...headers, 'content-length': body.length }, body };
  }

  #listReferrers(image: string, subject: string): GoodAnswer | undefined {
    if (!this.#options.hasReferrers) return undefined;
    const manifests = [...this.#manifests].flatMap(([name, { mediaType, content }]) => {
      const isOfImage = name.startsWith(`${image}@`) && name !== `${image}@${subject}`;
      if (!isOfImage || !content.includes(`"subject"`) || !content.includes(subject)) return [];
      return [{ mediaType, digest: digestOf(content), size: content.length }];
    });
    const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests }));
    return manifestAnswer({ mediaType: INDEX, content });
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };

const missing: GoodAnswer = {
  status: 404,
  headers: JSON_TYPE,
  body: Buffer.from('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"not here"}]}'),
};

function kindOf(method: string, url: string): AskedKind {
  const [path = ''] = url.split('?');
  if (path === '/v2/') return 'ping';
  if (path === '/token') return 'token';
  const [, , noun] = ROUTE.exec(path) ?? [];
  if (noun === 'tags' || noun === 'referrers') return noun;
  if (noun === 'manifests') return method === 'HEAD' ? 'head-manifest' : 'manifest';
  if (noun === 'blobs') return method === 'HEAD' ? 'head-blob' : 'blob';
  return 'other';
}

function manifestAnswer({ mediaType, content }: Stored): GoodAnswer {
  const headers = {
    'content-type': mediaType,
    'content-length': content.length,
    'docker-content-digest': digestOf(content),
  };
  return { status: 200, headers, body: content };
}

function blobAnswer(
  { headers: { range } }: IncomingMessage,
  digest: string,
  content: Buffer | undefined,
): GoodAnswer | undefined {
  if (!content) return undefined;
  const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': digest };
  const ranges = parseRange(range, content.length);
  const [wanted] = ranges ?? [];
  if (!ranges) {
    return {
      status: 200,
      headers: { ...headers, 'content-length': content.length },
      body: content,
    };
  }
  if (!wanted) {
    const whole = { 'content-range': `bytes */${content.length}`, 'content-length': 0 };
    return { status: 416, headers: whole, body: Buffer.alloc(0) };
  }
  const body = content.subarray(wanted.start, wanted.end + 1);
  const part = {
    'content-range': printContentRange(wanted, content.length),
    'content-length': body.length,
  };
  return { status: 206, headers: { ...headers, ...part }, body };
}

function describe(type: string, digest: Digest, content: Buffer) {
  const mediaType = `application/vnd.oci.image.${type}`;
  return { mediaType, digest, size: content.length };
}
