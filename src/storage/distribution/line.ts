/** The line to another registry: a pool of connections, its time limits, and a breaker. */
import { Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';
import type { Clock } from '../../clock.ts';
import { UpstreamFailure } from '../upstream.ts';
import { Breaker } from './breaker.ts';

/** A host that does not even accept a connection by then is taken to be away. */
const CONNECT_TIMEOUT_MS = 1000;

/**
 * From a short question to the head of its answer, the connection included: so long waits the
 * first who meets a line that went silent. While anything else is heard, the registry is only slow,
 * and an answer that comes late is better than none.
 */
export const QUESTION_LIMIT_MS = 1000;
const SLOW_QUESTION_LIMIT_MS = 5000;

/** From the end of the request to the head of the answer. */
const HEAD_TIMEOUT_MS = 5000;

/** Longest silence within a body. A consumer that is slow itself does not count. */
const BODY_TIMEOUT_MS = 30_000;

/**
 * Where an answer broke off, so long may have passed since anything else was heard for the line to
 * count as alive.
 */
const RECENT_MS = 2000;

/** Connections to one registry; further requests wait for one, but no question behind a blob. */
const CONNECTIONS = 128;

const MAX_REDIRECTS = 3;

/** Longest part of an answer's body that is read to explain a refusal. */
const MAX_REASON_CHARACTERS = 300;

export interface LineOptions {
  readonly url: URL;
  readonly clock: Clock;
  /** Headers that say who asks; none where the registry is asked anonymously. */
  readonly introduce?: () => Promise<Readonly<Record<string, string>>>;
}

export type LineRequest = Pick<Dispatcher.RequestOptions, 'method'> & {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Dispatcher.RequestOptions['body'];
  readonly signal?: AbortSignal;
  readonly headTimeoutMs?: number;
  /**
   * From now to the head of the answer, in milliseconds; short ones make it a question, whose time
   * begins anew with whatever is heard on the line.
   */
  readonly limitMs?: number;
  readonly bodyTimeoutMs?: number;
  /** Nobody else can answer: it is better late than refused, where the line has just broken. */
  readonly isPatient?: boolean;
};

export type LineAnswer = Dispatcher.ResponseData;

export class Line {
  readonly #url: URL;
  readonly #introduce: LineOptions['introduce'];
  readonly #agent: Agent;
  readonly #questions: Agent;
  readonly #breaker: Breaker;
  readonly #clock: Clock;
  /** Of the questions that wait for their answer. */
  readonly #limits = new Set<Limit>();

  constructor({ url, clock, introduce }: LineOptions) {
    this.#url = url;
    this.#introduce = introduce;
    this.#clock = clock;
    this.#breaker = new Breaker({ clock, name: url.origin, probe: () => this.#probe() });
    const limits = {
      connect: { timeout: CONNECT_TIMEOUT_MS },
      headersTimeout: HEAD_TIMEOUT_MS,
      bodyTimeout: BODY_TIMEOUT_MS,
      connections: CONNECTIONS,
    };
    this.#agent = new Agent(limits);
    this.#questions = new Agent(limits);
  }

  /**
   * Asks in our own name. Redirects are followed.
   *
   * @returns the answer, whatever its status
   * @throws UpstreamFailure where there is none
   */
  async ask(wanted: LineRequest): Promise<LineAnswer> {
    if (!wanted.isPatient) return this.#ask(wanted);
    await this.#breaker.outlast();
    try {
      return await this.#ask(wanted);
    } catch (error) {
      if (!(await this.#breaker.outlast())) throw error;
      return this.#ask(wanted);
    }
  }

  async #ask(wanted: LineRequest): Promise<LineAnswer> {
    this.#breaker.admit();
    const introduction = (await this.#introduce?.()) ?? {};
    const headers = { ...wanted.headers, ...introduction };
    let url = new URL(wanted.path, this.#url);
    let answer = await this.#send(url, { ...wanted, headers });
    for (let hop = 0; isRedirect(answer) && hop < MAX_REDIRECTS; hop++) {
      const next = new URL(String(answer.headers['location']), url);
      await answer.body.dump();
      // > clients MUST NOT forward `Authorization` across hosts (checklist, "Registry Proxying")
      const isSameHost = next.origin === this.#url.origin;
      answer = await this.#send(next, isSameHost ? { ...wanted, headers } : wanted);
      url = next;
    }
    return answer;
  }

  /**
   * Passes a request on as it is, in the name of whoever made it. Its path comes from them too, and
   * must not lead elsewhere: `http://…` and `//…` name other hosts (A39).
   *
   * @throws UpstreamFailure where there is no answer
   */
  async pass(wanted: LineRequest): Promise<LineAnswer> {
    if (wanted.isPatient) await this.#breaker.outlast();
    const url = URL.canParse(wanted.path, this.#url.href) && new URL(wanted.path, this.#url);
    if (url && url.origin === this.#url.origin) return this.#send(url, wanted);
    throw new UpstreamFailure('the path names another host', { status: 400 });
  }

  async #send(url: URL, wanted: LineRequest): Promise<LineAnswer> {
    this.#breaker.admit();
    const sinceMs = this.#clock.elapsedMs();
    const limit = new Limit(wanted, () => this.#leftOf(wanted, sinceMs));
    if (isQuestion(wanted)) this.#limits.add(limit);
    try {
      const answer = await request(url, {
        dispatcher: isQuestion(wanted) ? this.#questions : this.#agent,
        method: wanted.method,
        headers: wanted.headers ?? {},
        body: wanted.body ?? null,
        signal: limit.signal ?? null,
        // Undici would close the connection behind each HEAD, and the next one costs a round trip.
        reset: false,
        ...headTimeoutOf(wanted),
        ...(wanted.bodyTimeoutMs === undefined ? {} : { bodyTimeout: wanted.bodyTimeoutMs }),
      });
      this.#breaker.hear();
      // Who reads it gets the error; a body that is dropped unread must not end the process.
      answer.body.on('error', () => undefined);
      return answer;
    } catch (error) {
      if (!isOurs(wanted)) this.#fail(sinceMs);
      throw new UpstreamFailure(`${url.origin} does not answer`, { cause: error });
    } finally {
      limit.lift();
      this.#limits.delete(limit);
    }
  }

  /** How much longer a request that began then may wait, in milliseconds. */
  #leftOf(wanted: LineRequest, sinceMs: number): number {
    if (!isQuestion(wanted)) return 0;
    const silentMs = Math.max(sinceMs, this.#breaker.heardMs) + wanted.limitMs!;
    return Math.min(silentMs, sinceMs + SLOW_QUESTION_LIMIT_MS) - this.#clock.elapsedMs();
  }

  /** Tells that something of a long answer came. */
  hear(): void {
    this.#breaker.hear();
  }

  /** Tells that an answer broke off in a way that speaks of the line itself. */
  reportBroken(): void {
    this.#fail(this.#clock.elapsedMs() - RECENT_MS);
  }

  /** Who asks need not wait out a line that is known to be broken. */
  #fail(sinceMs: number): void {
    if (!this.#breaker.fail(sinceMs)) return;
    for (const limit of this.#limits) limit.cutShort();
  }

  /** Any answer will do, also one that asks for a password. */
  async #probe(): Promise<void> {
    const url = new URL('/v2/', this.#url);
    const signal = AbortSignal.timeout(QUESTION_LIMIT_MS);
    const { body } = await request(url, {
      dispatcher: this.#questions,
      method: 'HEAD',
      signal,
      reset: false,
    });
    await body.dump();
  }

  /** Ends all requests that are under way. */
  async close(): Promise<void> {
    this.#breaker.close();
    await Promise.all([this.#agent.destroy(), this.#questions.destroy()]);
  }
}

/** The limit of a request. Undici's own limits are up to a second late. */
class Limit {
  readonly signal: AbortSignal | undefined;
  readonly #late: AbortController | undefined;
  readonly #left: () => number;
  #timer: NodeJS.Timeout | undefined;
  #lastLook: NodeJS.Immediate | undefined;

  /** @param left how much longer, in milliseconds, once the time is over */
  constructor({ signal, limitMs }: LineRequest, left: () => number) {
    this.#left = left;
    if (limitMs === undefined) {
      this.signal = signal;
      return;
    }
    const late = new AbortController();
    this.#late = late;
    this.#timer = setTimeout(() => this.#end(), limitMs);
    this.signal = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  }

  #end(): void {
    const leftMs = this.#left();
    if (leftMs >= 1) this.#timer = setTimeout(() => this.#end(), leftMs);
    else this.#lastLook = setImmediate(() => this.#endUnlessHeard());
  }

  /** A process that was held up itself has not read yet what came: timers go before sockets. */
  #endUnlessHeard(): void {
    if (this.#left() < 1) this.cutShort();
    else this.#end();
  }

  /** As if the time were over. */
  cutShort(): void {
    this.#late?.abort();
  }

  /** The head has come, or never will. */
  lift(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#lastLook);
  }
}

/** A request with a limit of its own has no other: 0 lets undici wait. */
function headTimeoutOf({ headTimeoutMs, limitMs }: LineRequest) {
  const headersTimeout = headTimeoutMs ?? (limitMs === undefined ? undefined : 0);
  return headersTimeout === undefined ? {} : { headersTimeout };
}

/** Whether somebody waits for a short answer. */
function isQuestion({ limitMs }: LineRequest): boolean {
  return limitMs !== undefined && limitMs <= QUESTION_LIMIT_MS;
}

/** Whether it was our own side that broke the request off: the line is not to blame. */
function isOurs({ signal, body }: LineRequest): boolean {
  return signal?.aborted === true || (body instanceof Readable && body.errored !== null);
}

function isRedirect(answer: LineAnswer): boolean {
  return [301, 302, 303, 307, 308].includes(answer.statusCode) && 'location' in answer.headers;
}

/** The failure that an answer with an unexpected status is. Reads its body away. */
export async function refusal(answer: LineAnswer, wanted: string): Promise<UpstreamFailure> {
  const text = await answer.body.text().catch(() => '');
  const reason = text.slice(0, MAX_REASON_CHARACTERS);
  return new UpstreamFailure(`${wanted} was answered with ${answer.statusCode}: ${reason}`, {
    status: answer.statusCode,
  });
}
