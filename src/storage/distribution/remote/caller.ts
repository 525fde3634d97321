/**
 * Sends requests in the name of an upstream, wherever it leads. Each address on the way is checked,
 * and nothing but what is built here is sent (V14, A28).
 */
import { Agent, type Dispatcher, errors, request } from 'undici';
import { RemoteFailure } from '../../virtual/remotes.ts';
import type { LineAnswer } from '../line.ts';
import { failureOf, lateFailure } from './failures.ts';
import type { Guard } from './guard.ts';

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** All headers of an answer together, in bytes. */
const MAX_HEADER_BYTES = 32 * 1024;

/** So much of an answer that nobody wants is read, for so long, to keep its connection. */
const MAX_DROPPED_BYTES = 16 * 1024;
const DROPPING_LIMIT_MS = 1000;

const CONNECT_LIMIT_MS = 10_000;

/** The only headers that ever go to an upstream, besides `Host` (A39). */
export interface CallHeaders {
  readonly accept?: string;
  readonly range?: string;
  readonly authorization?: string;
}

export interface Call {
  readonly method: 'GET' | 'HEAD';
  readonly url: URL;
  readonly headers: CallHeaders;
  /** Whether it may lead elsewhere; a redirect is a failure otherwise. */
  readonly followsRedirects: boolean;
}

/** An answer, and where it came from in the end. */
export interface CallAnswer extends LineAnswer {
  readonly url: URL;
}

export interface CallerOptions {
  readonly guard: Guard;
  /** Of the upstream itself. */
  readonly home: URL;
  readonly userAgent: string;
  /** From the request to the head of the last answer, and of silence within a body. */
  readonly timeoutMs: number;
  readonly connections: number;
  readonly ca: string | undefined;
}

export class Caller {
  readonly #guard: Guard;
  readonly #agent: Agent;
  readonly #userAgent: string;
  readonly #timeoutMs: number;

  constructor({ guard, home, userAgent, timeoutMs, connections, ca }: CallerOptions) {
    this.#guard = guard;
    this.#userAgent = userAgent;
    this.#timeoutMs = timeoutMs;
    const connectLimitMs = Math.min(timeoutMs, CONNECT_LIMIT_MS);
    this.#agent = new Agent({
      connect: guard.connector({ ca, home, timeoutMs: connectLimitMs }),
      connections,
      maxHeaderSize: MAX_HEADER_BYTES,
      // The limit of the call itself is exact; undici's is up to a second late.
      headersTimeout: 0,
      bodyTimeout: timeoutMs,
    });
  }

  /**
   * @returns the answer, whatever its status but a redirect
   * @throws RemoteFailure `unreachable`, `forbidden-address`, `broken`
   */
  async call(call: Call): Promise<CallAnswer> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), this.#timeoutMs);
    try {
      return await this.#follow(call, late.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  async #follow(call: Call, late: AbortSignal): Promise<CallAnswer> {
    let { url, headers } = call;
    const seen = new Set([url.href]);
    for (let hop = 0; ; hop++) {
      const answer = await this.#send({ ...call, url, headers }, late);
      if (!REDIRECTS.has(answer.statusCode)) return Object.assign(answer, { url });
      await dropBody(answer);
      const next = this.#readLocation(answer, url);
      if (!call.followsRedirects || hop === MAX_REDIRECTS || seen.has(next.href)) {
        const status = answer.statusCode;
        throw new RemoteFailure('broken', `${url.host} redirects too often`, { status });
      }
      seen.add(next.href);
      // > clients MUST NOT forward `Authorization` across hosts; once away it stays away.
      if (next.origin !== url.origin) {
        const { authorization: _dropped, ...others } = headers;
        headers = others;
      }
      url = next;
    }
  }

  #readLocation({ headers }: LineAnswer, from: URL): URL {
    const { location } = headers;
    if (typeof location !== 'string' || !URL.canParse(location, from.href)) {
      throw new RemoteFailure('broken', `${from.host} redirects to no URL`);
    }
    const next = new URL(location, from);
    this.#guard.assertMayGo(next, from);
    next.hash = '';
    return next;
  }

  async #send({ method, url, headers }: Call, late: AbortSignal): Promise<LineAnswer> {
    const wanted: Dispatcher.RequestOptions['headers'] = {
      ...headers,
      'user-agent': this.#userAgent,
      // Bytes are hashed as they come: nothing is ever decompressed (A38).
      'accept-encoding': 'identity',
    };
    const ask = () =>
      request(url, {
        dispatcher: this.#agent,
        method,
        headers: wanted,
        signal: late,
        // Undici would close the connection behind each HEAD.
        reset: false,
      });
    try {
      const answer = await ask().catch((error: unknown) => {
        if (isOutworn(error)) return ask();
        throw error;
      });
      // Who reads it gets the error; a body that is dropped unread must not end the process.
      answer.body.on('error', () => undefined);
      return answer;
    } catch (error) {
      throw late.aborted ? lateFailure(url) : failureOf(error, url);
    }
  }

  /** Lets a URL pass that the upstream named. @throws RemoteFailure `forbidden-address` */
  assertMayGo(url: URL, from: URL): void {
    this.#guard.assertMayGo(url, from);
  }

  /** Lets what is under way end by itself; resolves when it has. */
  async retire(): Promise<void> {
    await this.#agent.close().catch(() => undefined);
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

/** Whether a connection that had served before was closed under the request: no word of it. */
function isOutworn(error: unknown): boolean {
  return error instanceof errors.SocketError && (error.socket?.bytesRead ?? 0) > 0;
}

/** Reads a body away that nobody wants. Never throws, and does not wait for a slow one. */
export async function dropBody({ body }: LineAnswer): Promise<void> {
  const signal = AbortSignal.timeout(DROPPING_LIMIT_MS);
  await body.dump({ limit: MAX_DROPPED_BYTES, signal }).catch(() => undefined);
}
