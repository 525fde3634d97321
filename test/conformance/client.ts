/**
 * A tiny client of the distribution API: it asks for tokens as Docker does, keeps them by scope and
 * follows redirects. It judges nothing; what an answer must be is said by the tests.
 */
import type { OutgoingHttpHeaders } from 'node:http';
import { type Answer, exchange, jsonOf } from './exchange.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface SendOptions {
  /** `Accept: ''` sends none. */
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Buffer | readonly Buffer[];
  /** Scopes to ask for instead of those that the path needs; '' for a token without any. */
  readonly scope?: string;
  /** The `Authorization` header to send as it is; '' for none. Nothing is retried then. */
  readonly authorization?: string;
  /** Whether a redirect is followed (by default) or given as it is. */
  readonly follow?: boolean;
}

interface Sending extends SendOptions {
  /** Redirects that were followed already. */
  readonly hops?: number;
}

export interface Challenge {
  readonly scheme: string;
  readonly realm: string;
  readonly service: string;
  readonly scope: string;
  readonly error: string;
}

const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;

/** Greedy on the name: the operation is what stands furthest to the right. */
const OPERATION =
  /^\/v2\/(.+)\/(?:blobs\/uploads\/?[^/]*|(?:blobs|manifests|referrers)\/[^/]+|tags\/list)$/;

const MAX_REDIRECTS = 5;

/** Sent unless a test says otherwise; some registries hide what is not asked for by name. */
const ACCEPT = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  '*/*',
].join(', ');

export class Client {
  readonly url: URL;
  readonly credentials: Credentials | undefined;
  readonly #tokens = new Map<string, string>();
  #challenge: Challenge | undefined;
  /** Every `Warning` header that was seen, for checklist 13. */
  readonly warnings: string[] = [];

  constructor(url: URL, credentials?: Credentials) {
    this.url = url;
    this.credentials = credentials;
  }

  /** Sends to a path of the registry or to a `Location` it gave, with the token that it needs. */
  async send(method: string, target: string | URL, options: SendOptions = {}): Promise<Answer> {
    const url = new URL(target, this.url);
    if (options.authorization !== undefined) {
      return this.#request(method, url, options);
    }
    const scope = options.scope ?? scopeFor(url);
    const first = await this.#request(method, url, await this.#authorized(options, scope));
    if (first.status !== 401) return first;
    const challenge = challengeOf(first);
    if (challenge === undefined) return first;
    this.#challenge = challenge;
    this.#tokens.delete(scope);
    return this.#request(method, url, await this.#authorized(options, scope || challenge.scope));
  }

  /** The headers with the token that a request to this path needs, for who sends it otherwise. */
  async headersFor(url: URL, headers: OutgoingHttpHeaders = {}): Promise<OutgoingHttpHeaders> {
    return (await this.#authorized({ headers }, scopeFor(url))).headers ?? {};
  }

  /** What the registry asks an anonymous caller for; `undefined` where it asks for nothing. */
  async findChallenge(): Promise<Challenge | undefined> {
    return challengeOf(await this.#request('GET', new URL('/v2/', this.url), {}));
  }

  /**
   * A token for these scopes, asked for with the account's password, or anonymously without one.
   */
  async token(challenge: Challenge, scope: string): Promise<string> {
    const url = new URL(challenge.realm);
    url.searchParams.set('service', challenge.service);
    for (const part of scope.split(' ').filter(Boolean)) url.searchParams.append('scope', part);
    const headers = this.credentials ? { Authorization: basic(this.credentials) } : {};
    const answer = await exchange({ method: 'GET', url, headers });
    if (answer.status !== 200) throw new Error(`the token endpoint answered ${answer.status}`);
    const { token, access_token } = jsonOf<{ token?: string; access_token?: string }>(answer);
    return token ?? access_token ?? '';
  }

  async #authorized(options: SendOptions, scope: string): Promise<SendOptions> {
    const authorization = await this.#authorization(scope);
    if (authorization === undefined) return options;
    return { ...options, headers: { ...options.headers, Authorization: authorization } };
  }

  async #authorization(scope: string): Promise<string | undefined> {
    if (this.#challenge === undefined) this.#challenge = await this.findChallenge();
    const challenge = this.#challenge;
    if (challenge === undefined) return undefined;
    if (challenge.scheme === 'basic') return this.credentials && basic(this.credentials);
    const kept = this.#tokens.get(scope) ?? (await this.token(challenge, scope));
    this.#tokens.set(scope, kept);
    return `Bearer ${kept}`;
  }

  async #request(method: string, url: URL, options: Sending): Promise<Answer> {
    const { body, authorization } = options;
    const headers: OutgoingHttpHeaders = { Accept: ACCEPT, ...options.headers };
    if (headers['Accept'] === '') delete headers['Accept'];
    if (authorization) headers['Authorization'] = authorization;
    const request = { method, url, headers, ...(body === undefined ? {} : { body }) };
    const answer = await exchange(request);
    this.#noteWarning(answer);
    const location = answer.headers.location;
    const hops = options.hops ?? 0;
    const follows = options.follow !== false && hops < MAX_REDIRECTS;
    if (!follows || !isRedirect(answer.status) || location === undefined) return answer;
    // > clients MUST NOT forward `Authorization` across hosts
    const next = new URL(location, url);
    const { Authorization, ...plain } = headers;
    const kept = next.host === url.host && Authorization ? { ...plain, Authorization } : plain;
    const again = { ...options, authorization: '', headers: kept, hops: hops + 1 };
    return this.#request(method, next, again);
  }

  #noteWarning(answer: Answer): void {
    const { warning } = answer.headers;
    if (warning !== undefined) this.warnings.push(warning);
  }
}

export function basic({ user, password }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** Reads `WWW-Authenticate`; parameters that are missing are ''. */
export function challengeOf(answer: Answer): Challenge | undefined {
  const text = answer.headers['www-authenticate'];
  if (answer.status !== 401 || text === undefined) return undefined;
  const read = (name: string): string => new RegExp(`[ ,]${name}="([^"]*)"`).exec(text)?.[1] ?? '';
  return {
    scheme: (text.split(' ')[0] ?? '').toLowerCase(),
    realm: read('realm'),
    service: read('service'),
    scope: read('scope'),
    error: read('error'),
  };
}

/** Everything on the path's own repository, and pull on the one that a mount names. */
function scopeFor(url: URL): string {
  if (url.pathname === '/v2/_catalog') return 'registry:catalog:*';
  const name = OPERATION.exec(url.pathname)?.[1];
  if (name === undefined || !NAME.test(name)) return '';
  const from = url.searchParams.get('from');
  const scope = `repository:${name}:pull,push,delete`;
  return from && NAME.test(from) ? `${scope} repository:${from}:pull` : scope;
}

function isRedirect(status: number): boolean {
  return status === 307 || status === 308 || status === 302 || status === 301;
}
