/** One HTTP request and its whole answer, with every header under the caller's control. */
import {
  Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestHttp,
} from 'node:http';
import { request as requestHttps } from 'node:https';
import { buffer } from 'node:stream/consumers';

export interface Request {
  readonly method: string;
  readonly url: URL;
  readonly headers?: OutgoingHttpHeaders;
  /**
   * A list is sent chunk by chunk with `Transfer-Encoding: chunked`, one buffer with its length.
   */
  readonly body?: Buffer | readonly Buffer[];
}

export interface Answer {
  readonly method: string;
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Connections are kept: a suite of some hundred requests should not need some hundred of them. */
const agent = new Agent({ keepAlive: true, maxSockets: 16 });

/** @throws the connection's own error where no whole answer came. */
export async function exchange(request: Request): Promise<Answer> {
  return read(request, await send(request));
}

async function read({ method, url }: Request, response: IncomingMessage): Promise<Answer> {
  const body = await buffer(response);
  return { method, url, status: response.statusCode ?? 0, headers: response.headers, body };
}

function send({ method, url, headers = {}, body }: Request): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:';
    const outgoing = secure
      ? requestHttps(url, { method, headers })
      : requestHttp(url, { method, headers, agent });
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    if (body === undefined || Buffer.isBuffer(body)) {
      outgoing.end(body);
      return;
    }
    for (const chunk of body) outgoing.write(chunk);
    outgoing.end();
  });
}

/** Sends the headers and a body that is shorter than they promise, then hangs up. */
export async function abandon({ method, url, headers = {}, body }: Request): Promise<void> {
  const outgoing = requestHttp(url, { method, headers });
  const closed = new Promise<void>((resolve) => {
    outgoing.once('close', resolve);
    outgoing.once('error', () => resolve());
  });
  const part = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
  outgoing.write(part, () => outgoing.destroy());
  await closed;
}

/** A request with `Expect: 100-continue`, whose body is sent only after a 100. */
export async function exchangeExpecting({ method, url, headers = {}, body }: Request) {
  const outgoing = requestHttp(url, { method, headers });
  let continued = false;
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
  });
  outgoing.once('continue', () => {
    continued = true;
    outgoing.end(body);
  });
  outgoing.flushHeaders();
  const answer = await read({ method, url }, await answered);
  outgoing.destroy();
  return { answer, continued };
}

/**
 * A request that sends its body in two parts, the first once the registry gave leave to send it and
 * the second when the caller says so.
 */
export function startSlowly({ method, url, headers = {}, body }: Request) {
  const outgoing = requestHttp(url, { method, headers: { ...headers, Expect: '100-continue' } });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
  });
  const started = new Promise<void>((resolve) => {
    outgoing.once('continue', () => outgoing.write(body, () => resolve()));
  });
  outgoing.flushHeaders();
  const finish = async (rest: Buffer): Promise<Answer> => {
    outgoing.end(rest);
    return read({ method, url }, await answered);
  };
  return { started, finish };
}

/** The answer's JSON; the fields are read by tests that say what they expect of them. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- an assertion, said once
export function jsonOf<T>(answer: Answer): T {
  return JSON.parse(answer.body.toString('utf8')) as T;
}

/** A header that must be there once, as text. */
export function headerOf(answer: Answer, name: string): string {
  const value = answer.headers[name.toLowerCase()];
  if (value === undefined) {
    const { method, url, status } = answer;
    throw new Error(`${method} ${url.pathname} answered ${status} without ${name}`);
  }
  return String(value);
}

/** Closes the kept connections, so that a registry can stop and the process can end. */
export function closeConnections(): void {
  agent.destroy();
}
