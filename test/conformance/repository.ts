/** One repository of the registry under test, with the steps that tests are made of. */
import type { Client, SendOptions } from './client.ts';
import { type Answer, headerOf } from './exchange.ts';
import { type Content, digestOf, type Fixtures, imageOf } from './fixtures.ts';

export interface Image {
  readonly config: Content;
  readonly layer: Content;
  readonly manifest: Content;
}

export class Repository {
  readonly name: string;
  readonly client: Client;
  readonly #fixtures: Fixtures;

  constructor(client: Client, name: string, fixtures: Fixtures) {
    this.client = client;
    this.name = name;
    this.#fixtures = fixtures;
  }

  path(rest: string): string {
    return `/v2/${this.name}/${rest}`;
  }

  send(method: string, rest: string, options: SendOptions = {}): Promise<Answer> {
    return this.client.send(method, this.path(rest), options);
  }

  /** POST of a new upload; the query with its question mark. */
  startUpload(query = '', options: SendOptions = {}): Promise<Answer> {
    return this.send('POST', `blobs/uploads/${query}`, options);
  }

  /** The Location of a new upload. @throws Error where there is none. */
  async openUpload(query = ''): Promise<URL> {
    return locationOf(await this.startUpload(query));
  }

  patch(location: URL, bytes: Buffer, range?: string): Promise<Answer> {
    const headers = {
      'Content-Type': 'application/octet-stream',
      ...(range === undefined ? {} : { 'Content-Range': range }),
    };
    return this.client.send('PATCH', location, { headers, body: bytes });
  }

  /** Closes an upload with the last bytes, or with none. */
  close(location: URL, digest: string, options: SendOptions = {}): Promise<Answer> {
    const headers = { 'Content-Type': 'application/octet-stream', ...options.headers };
    return this.client.send('PUT', withQuery(location, { digest }), { ...options, headers });
  }

  /** POST and PUT with the whole body. */
  async putBlob({ bytes, digest }: Content): Promise<Answer> {
    return this.close(await this.openUpload(), digest, { body: bytes });
  }

  async pushBlob(content: Content): Promise<Content> {
    expectStatus(await this.putBlob(content), 201);
    return content;
  }

  async pushNewBlob(size?: number): Promise<Content> {
    return this.pushBlob(this.#fixtures.blob(size));
  }

  putManifest(content: Content, reference = content.digest): Promise<Answer> {
    return this.send('PUT', `manifests/${reference}`, {
      headers: { 'Content-Type': content.mediaType },
      body: content.bytes,
    });
  }

  async pushManifest(content: Content, reference?: string): Promise<Content> {
    expectStatus(await this.putManifest(content, reference), 201);
    return content;
  }

  /** A config, one layer and the manifest that names them; `more` goes into the manifest. */
  async pushImage(reference?: string, more: Record<string, unknown> = {}): Promise<Image> {
    const config = await this.pushBlob(this.#fixtures.config());
    const layer = await this.pushNewBlob();
    const manifest = imageOf(config, [layer], more);
    await this.pushManifest(manifest, reference);
    return { config, layer, manifest };
  }

  getManifest(reference: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', `manifests/${reference}`, { headers });
  }

  headManifest(reference: string): Promise<Answer> {
    return this.send('HEAD', `manifests/${reference}`);
  }

  getBlob(digest: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('GET', `blobs/${digest}`, { headers });
  }

  headBlob(digest: string): Promise<Answer> {
    return this.send('HEAD', `blobs/${digest}`);
  }

  tags(query = ''): Promise<Answer> {
    return this.send('GET', `tags/list${query}`);
  }

  referrers(digest: string, query = ''): Promise<Answer> {
    return this.send('GET', `referrers/${digest}${query}`);
  }
}

/** The absolute form of the answer's Location. */
export function locationOf(answer: Answer): URL {
  return new URL(headerOf(answer, 'Location'), answer.url);
}

/** Adds to the query as clients do: what is there already is kept. */
export function withQuery(location: URL, query: Readonly<Record<string, string>>): URL {
  const url = new URL(location);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/** @throws Error that says what was answered instead, with the start of the body. */
export function expectStatus(answer: Answer, ...statuses: number[]): void {
  if (statuses.includes(answer.status)) return;
  const { method, url, status, body } = answer;
  const said = body.subarray(0, 300).toString('utf8').trim();
  throw new Error(
    `${method} ${url.pathname}${url.search}: ${status} instead of ${statuses.join(' or ')} ${said}`,
  );
}

/** Bytes, digest and sizes as the answer's headers and body say them. */
export function expectContent(answer: Answer, { bytes, digest }: Content): void {
  expectStatus(answer, 200);
  const got = digestOf(answer.body, digest.startsWith('sha512') ? 'sha512' : 'sha256');
  if (got !== digest) throw new Error(`${answer.url.pathname}: the bytes have the digest ${got}`);
  const length = headerOf(answer, 'Content-Length');
  if (length !== String(bytes.length)) throw new Error(`Content-Length is ${length}`);
}
