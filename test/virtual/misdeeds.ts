/** What an upstream can be told to do instead of answering as it should. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';

/** The answer that a well-behaved registry would give. */
export interface GoodAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Buffer;
}

/** Answers in its own way; `good` is what would have been right. */
export type Misdeed = (
  request: IncomingMessage,
  response: ServerResponse,
  good: GoodAnswer,
) => unknown;

export const giveGood = (
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: GoodAnswer,
): void => {
  response.writeHead(status, headers);
  if (request.method === 'HEAD') response.end();
  else response.end(body);
};

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref());

/** The head comes that late; never, where no time is given. */
export const slow =
  (ms?: number): Misdeed =>
  async (request, response, good) => {
    if (ms === undefined) return;
    await pause(ms);
    giveGood(request, response, good);
  };

/** The head at once, then so many bytes at a time. */
export const drip =
  (bytes: number, everyMs: number): Misdeed =>
  async (_request, response, { status, headers, body }) => {
    response.writeHead(status, headers);
    for (let at = 0; at < body.length && !response.destroyed; at += bytes) {
      response.write(body.subarray(at, at + bytes));
      await pause(everyMs);
    }
    response.end();
  };

/** Half of the body, and then silence until the promise is over. */
export const stallUntil =
  (over: Promise<unknown>): Misdeed =>
  async (_request, response, { status, headers, body }) => {
    const half = Math.floor(body.length / 2);
    response.writeHead(status, headers);
    response.write(body.subarray(0, half));
    await over;
    response.end(body.subarray(half));
  };

export const fail =
  (status: number, headers: Record<string, string> = {}): Misdeed =>
  (_request, response) => {
    const body = '{"errors":[{"code":"UNKNOWN","message":"as commanded"}]}';
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  };

/** 429, with the seconds or the date of `Retry-After` where one is given. */
export const limit = (retryAfter?: number | string): Misdeed =>
  fail(429, retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) });

/** As many bytes as there should be, one of them wrong, under the headers of the right ones. */
export const wrongBytes: Misdeed = (request, response, good) => {
  const body = Buffer.from(good.body);
  if (body.length > 0) body[body.length - 1]! ^= 1;
  giveGood(request, response, { ...good, body });
};

/** The line breaks before the body is complete. */
export const short: Misdeed = (_request, response, { status, headers, body }) => {
  response.writeHead(status, headers);
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
};

/** Says itself that the body is shorter than it is; the answer itself is whole. */
export const shorterThanItIs: Misdeed = (request, response, good) => {
  const body = good.body.subarray(0, Math.floor(good.body.length / 2));
  giveGood(request, response, {
    ...good,
    body,
    headers: { ...good.headers, 'content-length': body.length },
  });
};

/** More bytes than there should be, and says so. */
export const long: Misdeed = (request, response, good) => {
  const body = Buffer.concat([good.body, Buffer.from('and more')]);
  giveGood(request, response, {
    ...good,
    body,
    headers: { ...good.headers, 'content-length': body.length },
  });
};

/** Chunked, and broken off within the chunks. */
export const truncatedChunks: Misdeed = (_request, response, { status, headers, body }) => {
  const { 'content-length': _length, ...others } = headers;
  response.writeHead(status, { ...others, 'transfer-encoding': 'chunked' });
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
};

/** Chunked and whole. */
export const chunked: Misdeed = (_request, response, { status, headers, body }) => {
  const { 'content-length': _length, ...others } = headers;
  response.writeHead(status, others);
  response.write(body);
  response.end();
};

/** The good answer with these headers instead; those that are `undefined` are left out. */
export const withHeaders =
  (changed: Readonly<Record<string, string | undefined>>): Misdeed =>
  (request, response, good) => {
    const all = Object.entries({ ...good.headers, ...changed });
    const kept = all.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
    const headers = Object.fromEntries(kept) as Record<string, string>;
    giveGood(request, response, { ...good, headers });
  };

export const wrongType = (mediaType: string): Misdeed => withHeaders({ 'content-type': mediaType });

export const noDigest = withHeaders({ 'docker-content-digest': undefined });

/** What Docker Hub says of its limit. */
export const rateLimited = (remaining: number, limitOf = 100): Misdeed =>
  withHeaders({
    'ratelimit-limit': `${limitOf};w=21600`,
    'ratelimit-remaining': `${remaining};w=21600`,
  });

/** What stands in the way of those who have not logged in to a hotel's network. */
export const loginPage: Misdeed = (request, response) => {
  const body = Buffer.from('<!doctype html><title>Log in</title>');
  const headers = { 'content-type': 'text/html; charset=utf-8', 'content-length': body.length };
  giveGood(request, response, { status: 200, headers, body });
};

/** Headers without end. */
export const endlessHeaders: Misdeed = (_request, { socket }) => {
  if (!socket) return;
  socket.write('HTTP/1.1 200 OK\r\n');
  const write = () => {
    while (!socket.destroyed && socket.write(`x-more: ${'a'.repeat(4000)}\r\n`));
  };
  socket.on('drain', write);
  write();
};

/** The first ten bytes, as if a range had been asked for. */
export const partOnly: Misdeed = (request, response, good) => {
  const body = good.body.subarray(0, 10);
  const range = `bytes 0-9/${good.body.length}`;
  const headers = { ...good.headers, 'content-range': range, 'content-length': body.length };
  giveGood(request, response, { status: 206, headers, body });
};

/** A body without end. */
export const endlessBody: Misdeed = (_request, response) => {
  const write = () => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536, ' ')));
  };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.on('drain', write);
  write();
};

export const redirect =
  (to: string | ((request: IncomingMessage) => string), status = 307): Misdeed =>
  (request, response) => {
    const location = typeof to === 'string' ? to : to(request);
    response.writeHead(status, { location }).end();
  };

/** Always elsewhere, and in the end where it began. */
export const loop = redirect(({ url = '/' }) =>
  url.endsWith('?again') ? url.slice(0, -'?again'.length) : `${url}?again`,
);

/** Elsewhere and elsewhere, never the same twice. */
export const endlessRedirects = redirect(({ url = '/' }) => {
  const [path, hop = '0'] = url.split('?hop=');
  return `${path}?hop=${Number(hop) + 1}`;
});

/** Compressed, though nobody asked for it. */
export const gzipped: Misdeed = (request, response, good) => {
  const body = gzipSync(good.body);
  const headers = { ...good.headers, 'content-encoding': 'gzip', 'content-length': body.length };
  giveGood(request, response, { ...good, headers, body });
};

/** Ends the connection without a word. */
export const hangUp: Misdeed = (request) => request.socket.destroy();
