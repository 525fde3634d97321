/**
 * A client for load: it speaks to any site with one token for each repository, whichever site gave
 * it, and does no more work than it must.
 */
import { Agent, type Dispatcher, request } from 'undici';
import { digestOf } from '../../../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../../../src/oci/media-type.ts';
import type { Image } from '../../../two-sites/client.ts';
import { ADMIN } from '../../../two-sites/site.ts';

export interface Sending {
  readonly method?: Dispatcher.HttpMethod;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** Names the site of the next request. */
export type ChooseSite = () => string;

const BASIC = `Basic ${Buffer.from(`${ADMIN.user}:${ADMIN.password}`).toString('base64')}`;

/** Sites let go of idle connections after five seconds; a request must not meet that. */
const IDLE_MS = 2000;

export class LoadClient implements Disposable {
  readonly #agent = new Agent({ keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS });
  readonly #tokens = new Map<string, Promise<string>>();
  readonly #realms = new Map<string, Promise<string>>();

  /** With a token for the repository of the path, got at that site unless it is there already. */
  async send(site: string, path: string, sending: Sending = {}): Promise<Reply> {
    const [, repository] = /^\/v2\/(.+)\/(?:blobs|manifests|tags)\//.exec(path) ?? [];
    const authorization = repository ? await this.#authorize(site, repository) : BASIC;
    return this.#ask(new URL(path, site), sending, authorization);
  }

  /** A new token for the repository, as a client that keeps none asks for it. */
  async askToken(site: string, repository: string): Promise<string> {
    const realm = this.#realms.get(site) ?? this.#findRealm(site);
    this.#realms.set(site, realm);
    const path = `${await realm}&scope=repository:${repository}:pull,push`;
    const { body } = demand(await this.#ask(new URL(path, site), {}, BASIC), [200], path);
    return `Bearer ${(JSON.parse(body.toString()) as { token: string }).token}`;
  }

  /** As {@link send}, with that token. */
  sendWith(authorization: string, site: string, path: string): Promise<Reply> {
    return this.#ask(new URL(path, site), {}, authorization);
  }

  /** The whole blob in one request. */
  async pushWhole(site: string, repository: string, blob: Buffer): Promise<void> {
    const path = `/v2/${repository}/blobs/uploads/?digest=${digestOf(blob)}`;
    demand(await this.send(site, path, { method: 'POST', body: blob }), [201], path);
  }

  /** @param name repository and tag, with a colon between them */
  async pushManifest(site: string, name: string, manifest: Buffer): Promise<void> {
    const [repository, tag] = name.split(':');
    const path = `/v2/${repository}/manifests/${tag}`;
    const headers = { 'content-type': OCI_MANIFEST };
    demand(await this.send(site, path, { method: 'PUT', headers, body: manifest }), [201], path);
  }

  /** Each request to a site that is chosen for it. */
  async push(choose: ChooseSite, name: string, { config, layers, manifest }: Image): Promise<void> {
    const [repository] = name.split(':') as [string];
    const blobs = [config, ...layers];
    await Promise.all(blobs.map((blob) => this.pushWhole(choose(), repository, blob)));
    await this.pushManifest(choose(), name, manifest);
  }

  /** All of an image, each byte compared. @throws Error with what is wrong */
  async pull(site: string, name: string, { config, layers, manifest }: Image): Promise<void> {
    const [repository, tag] = name.split(':');
    const read = async (path: string, content: Buffer) => {
      const { body } = demand(await this.send(site, path), [200], path);
      if (!body.equals(content)) throw new Error(`other bytes came of ${path}`);
    };
    await read(`/v2/${repository}/manifests/${tag}`, manifest);
    for (const blob of [config, ...layers]) {
      await read(`/v2/${repository}/blobs/${digestOf(blob)}`, blob);
    }
  }

  [Symbol.dispose](): void {
    void this.#agent.destroy();
  }

  async #ask(url: URL, sending: Sending, authorization: string): Promise<Reply> {
    const { method = 'GET', headers, body } = sending;
    const answer = await request(url, {
      method,
      headers: { ...headers, authorization },
      body: body ?? null,
      dispatcher: this.#agent,
    });
    const content = Buffer.from(await answer.body.arrayBuffer());
    return { status: answer.statusCode, headers: answer.headers, body: content };
  }

  #authorize(site: string, repository: string): Promise<string> {
    const token = this.#tokens.get(repository) ?? this.askToken(site, repository);
    this.#tokens.set(repository, token);
    return token;
  }

  async #findRealm(site: string): Promise<string> {
    const challenge = (await request(new URL('/v2/', site), { dispatcher: this.#agent })).headers;
    const text = String(challenge['www-authenticate']);
    const [, realm, service] = /realm="([^"]+)",service="([^"]+)"/.exec(text)!;
    return `${new URL(realm!).pathname}?service=${service}`;
  }
}

/** @throws Error with what was answered instead */
export function demand(reply: Reply, statuses: readonly number[], what: string): Reply {
  if (statuses.includes(reply.status)) return reply;
  const said = reply.body.toString('utf8', 0, 200);
  throw new Error(`${what} was answered with ${reply.status}: ${said}`);
}
