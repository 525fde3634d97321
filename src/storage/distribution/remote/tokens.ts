/**
 * How we show an upstream who we are: by tokens of the service that its challenge names, or by the
 * password itself. Credentials go to hosts of its own only (A29).
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../clock.ts';
import { mayShowCredentials } from '../../../oci/network/realm.ts';
import { RemoteFailure } from '../../virtual/remotes.ts';
import type { Allowance } from './allowance.ts';
import { readShort } from './body.ts';
import { type CallAnswer, type Caller, dropBody } from './caller.ts';
import { type Challenge, parseChallenge } from './challenge.ts';
import { statusFailure } from './failures.ts';

/** > bearer cached ≤ min(expires_in − 30 s, 3 min) (V21) */
const LONGEST_LIFE_MS = 180_000;
const MARGIN_MS = 30_000;

/** > expires_in: (Optional) … if not specified, then it will default to 60 seconds. */
const DEFAULT_LIFE_SECONDS = 60;

const MAX_TOKENS = 1000;
const MAX_ANSWER_BYTES = 256 * 1024;
const TOKEN = /^[!-~]{1,16384}$/;

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

export interface TokensOptions {
  readonly url: URL;
  readonly realmHosts: readonly string[];
  readonly timeoutMs: number;
  /** Absent where the upstream is asked anonymously. */
  readonly unseal?: () => Promise<Credentials>;
}

interface TokensDependencies extends TokensOptions {
  readonly caller: Caller;
  readonly clock: Clock;
  readonly allowance: Allowance;
}

interface Token {
  readonly text: string;
  readonly untilMs: number;
}

/** Tokens of one upstream and one version of its credentials; others have others (V21). */
export class Tokens {
  readonly #options: TokensDependencies;
  readonly #tokens = new LRUCache<string, Token>({ max: MAX_TOKENS });
  readonly #underWay = new Map<string, Promise<string>>();
  /** What the upstream asked for last, so that nobody has to be refused first again. */
  #challenge: Challenge | undefined;

  constructor(options: TokensDependencies) {
    this.#options = options;
  }

  /** The value of `Authorization` for that scope; `undefined` as long as nothing asked for one. */
  async authorize(scope: string): Promise<string | undefined> {
    return this.#challenge && this.#meet(this.#challenge, scope);
  }

  /**
   * Answers a 401. What was shown is not shown again, unless it is the password.
   *
   * @throws RemoteFailure `refused` where there is nothing else to show
   */
  async renew(refused: CallAnswer, scope: string, shown: string | undefined): Promise<string> {
    const challenge = parseChallenge(refused.headers['www-authenticate']);
    if (!challenge) throw this.#refusal('asks for credentials in no way that we know');
    this.#challenge = challenge;
    const token = this.#tokens.get(scope);
    if (token && shown === bearer(token.text)) this.#tokens.delete(scope);
    const authorization = await this.#meet(challenge, scope);
    if (authorization === undefined || authorization === shown) throw this.refusal(401);
    return authorization;
  }

  get isAnonymous(): boolean {
    return this.#options.unseal === undefined;
  }

  /** The failure that a 401 or 403 is (V15). */
  refusal(status: number): RemoteFailure {
    if (this.isAnonymous) return this.#refusal('asks for credentials, and none are set', status);
    return this.#refusal(status === 401 ? 'refused our credentials' : 'forbids us this', status);
  }

  #refusal(what: string, status = 401): RemoteFailure {
    return new RemoteFailure('refused', `${this.#options.url.host} ${what}`, { status });
  }

  async #meet(challenge: Challenge, scope: string): Promise<string | undefined> {
    if (challenge.scheme === 'bearer') return bearer(await this.#find(challenge, scope));
    const credentials = await this.#options.unseal?.();
    return credentials && basic(credentials);
  }

  /** One request at a time for a scope, however many wait for it. */
  #find(challenge: Challenge, scope: string): Promise<string> {
    const known = this.#tokens.get(scope);
    if (known && known.untilMs > this.#options.clock.elapsedMs()) {
      return Promise.resolve(known.text);
    }
    const underWay = this.#underWay.get(scope);
    if (underWay) return underWay;
    const asked = this.#ask(challenge, scope).finally(() => this.#underWay.delete(scope));
    this.#underWay.set(scope, asked);
    return asked;
  }

  async #ask({ realm, service }: Challenge, scope: string): Promise<string> {
    const { caller, clock, timeoutMs } = this.#options;
    const url = this.#readRealm(realm);
    if (service !== undefined) url.searchParams.set('service', service);
    if (scope !== '') url.searchParams.set('scope', scope);
    const headers = { accept: 'application/json', ...(await this.#introduce(url)) };
    const sinceMs = clock.elapsedMs();
    const answer = await caller.call({ method: 'GET', url, headers, followsRedirects: false });
    if (answer.statusCode !== 200) {
      await dropBody(answer);
      // It may have moved: the next request is refused, and told where tokens are now.
      this.#challenge = undefined;
      throw this.#failureOf(answer);
    }
    const body = await readShort(answer, { maxBytes: MAX_ANSWER_BYTES, limitMs: timeoutMs });
    const { text, lifeMs } = readToken(body, url);
    if (lifeMs > 0) this.#tokens.set(scope, { text, untilMs: sinceMs + lifeMs });
    return text;
  }

  #readRealm(realm: string): URL {
    const { url: upstream, caller } = this.#options;
    if (!URL.canParse(realm)) {
      throw new RemoteFailure('broken', `${upstream.host} names no URL where tokens are given`);
    }
    const url = new URL(realm);
    caller.assertMayGo(url, upstream);
    return url;
  }

  /** Our credentials, where this host may see them; nobody's otherwise. */
  async #introduce(realm: URL): Promise<{ authorization?: string }> {
    const { url, realmHosts, unseal } = this.#options;
    if (!unseal || !mayShowCredentials(url, realm, realmHosts)) return {};
    return { authorization: basic(await unseal()) };
  }

  #failureOf(answer: CallAnswer): RemoteFailure {
    const { url, realmHosts, allowance, clock } = this.#options;
    const { statusCode } = answer;
    if (statusCode === 429) return allowance.rest(answer);
    if (statusCode !== 401 && statusCode !== 403) {
      return statusFailure(answer, answer.url, clock.now());
    }
    const isShown = mayShowCredentials(url, answer.url, realmHosts);
    if (this.isAnonymous || isShown) return this.refusal(statusCode);
    const { host } = answer.url;
    const why = `gives tokens at ${host}, which is not named as one that may see credentials`;
    return this.#refusal(why, statusCode);
  }
}

function readToken(body: Buffer, { host }: URL): { text: string; lifeMs: number } {
  const broken = new RemoteFailure('broken', `${host} gives no token that can be used`);
  let given: { token?: unknown; access_token?: unknown; expires_in?: unknown } | null;
  try {
    given = JSON.parse(body.toString('utf8')) as typeof given;
  } catch {
    throw broken;
  }
  const text = given?.token ?? given?.access_token;
  if (typeof text !== 'string' || !TOKEN.test(text)) throw broken;
  const seconds = given?.expires_in;
  const lifeSeconds = typeof seconds === 'number' ? seconds : DEFAULT_LIFE_SECONDS;
  return { text, lifeMs: Math.min(lifeSeconds * 1000 - MARGIN_MS, LONGEST_LIFE_MS) };
}

const bearer = (token: string) => `Bearer ${token}`;

function basic({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
