/** A line to a registry: logs in as it is asked to, tries again what may pass, and follows. */
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, request } from 'undici';
import { askToken, basic, type Login, readChallenge } from './login.ts';

export interface Asked {
  readonly method?: Dispatcher.HttpMethod;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes can be sent again; a stream cannot, so that nothing is tried twice. */
  readonly body?: Buffer | Readable;
  /** What the token must be good for, such as `repository:a/b:pull`. */
  readonly scopes?: readonly string[];
  /** Shows the password unasked: for what answers strangers too, but with less. */
  readonly isPasswordShown?: true;
}

export type Answer = Dispatcher.ResponseData;

/** The registry answers, and not with what was asked for. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const PAUSES_MS = [500, 2000, 5000];
const LONGEST_PAUSE_MS = 60_000;
const MAX_HOPS = 5;
/** How long a registry may be silent. */
const SILENCE_MS = 60_000;

export class RegistryLine {
  readonly url: URL;
  readonly #login: Login | undefined;
  /** `Authorization` by scopes. */
  readonly #kept = new Map<string, Promise<string>>();

  constructor(url: URL, login?: Login) {
    this.url = url;
    this.#login = login;
  }

  /** The answer, whatever it says but "come back later". @throws Error in one sentence */
  async ask(path: string, asked: Asked = {}): Promise<Answer> {
    const isOnce = asked.body !== undefined && !Buffer.isBuffer(asked.body);
    for (let tries = 0; ; tries += 1) {
      const pauseMs = isOnce ? undefined : PAUSES_MS[tries];
      try {
        const answer = await this.#askOnce(new URL(path, this.url), asked);
        if (pauseMs === undefined || !mayPass(answer.statusCode)) return answer;
        await answer.body.dump();
        await sleep(readPause(answer) ?? pauseMs);
      } catch (error) {
        if (pauseMs === undefined || !isOfLine(error)) throw this.#explain(error);
        await sleep(pauseMs);
      }
    }
  }

  /** The same, where only 2xx will do. @throws Refusal */
  async expect(path: string, asked: Asked = {}): Promise<Answer> {
    const answer = await this.ask(path, asked);
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    const said = readMessage(await answer.body.text().catch(() => ''));
    const what = `${asked.method ?? 'GET'} ${path}`;
    const message = `${this.url.host} answers ${what} with ${answer.statusCode}${said}`;
    throw new Refusal(answer.statusCode, message);
  }

  async #askOnce(url: URL, asked: Asked): Promise<Answer> {
    const key = (asked.scopes ?? []).join(' ');
    const isShown = asked.isPasswordShown && this.#login;
    const kept = isShown ? basic(isShown) : await this.#kept.get(key);
    const answer = await this.#follow(url, asked, kept);
    if (answer.statusCode !== 401) return answer;
    const challenge = readChallenge(header(answer, 'www-authenticate'));
    const isOnce = asked.body !== undefined && !Buffer.isBuffer(asked.body);
    if (!challenge || isOnce || isShown || (challenge.scheme === 'basic' && !this.#login))
      return answer;
    await answer.body.dump();
    // Of several that find the same token expired, one asks for the next.
    if (kept === (await this.#kept.get(key))) this.#kept.set(key, this.#logIn(challenge, asked));
    try {
      return await this.#follow(url, asked, await this.#kept.get(key));
    } catch (error) {
      this.#kept.delete(key);
      throw error;
    }
  }

  /** So that a body which cannot be sent twice finds a token that is young. */
  async logIn(scopes: readonly string[]): Promise<void> {
    const answer = await this.ask('/v2/', { scopes });
    await answer.body.dump();
  }

  async #logIn(
    challenge: NonNullable<ReturnType<typeof readChallenge>>,
    { scopes = [] }: Asked,
  ): Promise<string> {
    if (challenge.scheme === 'basic') return basic(this.#login!);
    return askToken(this.url, challenge, { scopes, login: this.#login });
  }

  /** > clients MUST NOT forward `Authorization` across hosts; nor do we go from https to http. */
  async #follow(from: URL, asked: Asked, authorization: string | undefined): Promise<Answer> {
    let url = from;
    for (let hops = 0; ; hops += 1) {
      const isHome = url.origin === this.url.origin;
      const headers = {
        'user-agent': 'meridian-import',
        ...asked.headers,
        ...(isHome && authorization ? { authorization } : {}),
      };
      const answer = await request(url, {
        method: asked.method ?? 'GET',
        headers,
        headersTimeout: SILENCE_MS,
        bodyTimeout: SILENCE_MS,
        ...(asked.body === undefined ? {} : { body: asked.body }),
      });
      const location = header(answer, 'location');
      const isRedirect = [301, 302, 303, 307, 308].includes(answer.statusCode);
      if (!isRedirect || !location || hops === MAX_HOPS) return answer;
      await answer.body.dump();
      const next = new URL(location, url);
      if (url.protocol === 'https:' && next.protocol !== 'https:') {
        throw new Error(`${url.host} leads to ${next.origin}, without https`);
      }
      url = next;
    }
  }

  #explain(error: unknown): Error {
    if (!isOfLine(error)) return error as Error;
    return new Error(`${this.url.host} does not answer`, { cause: error });
  }
}

export function header({ headers }: Answer, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

/** The path of the next page: of this registry, whatever host the link names. */
export function nextPage(answer: Answer, registry: URL): string | undefined {
  const [, target] = /<([^>]+)>\s*;\s*rel="?next"?/i.exec(header(answer, 'link') ?? '') ?? [];
  if (!target || !URL.canParse(target, registry.href)) return undefined;
  const { pathname, search } = new URL(target, registry);
  return `${pathname}${search}`;
}

function mayPass(status: number): boolean {
  return status === 429 || (status >= 500 && status !== 501);
}

function readPause(answer: Answer): number | undefined {
  const seconds = Number(header(answer, 'retry-after'));
  return seconds > 0 ? Math.min(seconds * 1000, LONGEST_PAUSE_MS) : undefined;
}

/** What undici and the socket throw has a code; what we throw has none. */
export function isOfLine(error: unknown): boolean {
  return error instanceof Error && 'code' in error;
}

function readMessage(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { errors?: { message?: string }[] };
    return errors?.[0]?.message ? `: ${errors[0].message}` : '';
  } catch {
    return '';
  }
}
