/**
 * Answers: what a handler returns, and the one place that writes it.
 *
 * Written to the response itself, past Koa's own body handling, which turns an empty 201 into a
 * 204, adds `; charset=utf-8` to types and sets `Content-Length: 0` on HEAD.
 */
import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { type Readable, Stream } from 'node:stream';
import type { Context } from 'koa';
import type { RecyclingReadable } from '../storage/blob-store.ts';

export type Headers = Readonly<Record<string, string | number | readonly string[]>>;

export interface Answer {
  readonly status: number;
  /** With the true `Content-Length` of the body, also for HEAD. */
  readonly headers: Headers;
  /** Not sent on HEAD. A stream that breaks breaks the connection: it is never ended short. */
  readonly body?: Buffer | string | Readable;
}

/** On every answer under `/v2`: old clients look for it. */
export const API_VERSION = { 'Docker-Distribution-Api-Version': 'registry/2.0' } as const;

/** An answer without a body: `Content-Length: 0`, except where HTTP forbids to say so. */
export function emptyAnswer(status: number, headers: Headers = {}): Answer {
  if (status === 204 || status === 304) return { status, headers };
  return { status, headers: { ...headers, 'Content-Length': 0 } };
}

/** JSON whose type stands without parameters: clients compare it exactly (checklist 17). */
export function jsonAnswer(value: unknown, headers: Headers = {}): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json', 'Content-Length': body.length, ...headers },
    body,
  };
}

/** What a door may add to the answer of whoever handles the request behind it. */
export type Complete = (answer: Answer) => Promise<Answer>;

/** Where a request's state has it. */
const COMPLETE = 'completeAnswer';

/** Has the answer completed just before it is written. */
export function completeAnswer(context: Context, complete: Complete): void {
  context.state[COMPLETE] = complete;
}

/** Sends the answer; resolves when a streamed body has gone out or its client has. */
export async function writeAnswer(context: Context, plain: Answer): Promise<void> {
  const { res, req } = context;
  const complete = context.state[COMPLETE] as Complete | undefined;
  const answer = complete ? await complete(plain) : plain;
  context.respond = false;
  const { body } = answer;
  if (isBodyUnread(req)) return writeAndClose(context, answer);
  res.writeHead(answer.status, answer.headers as OutgoingHttpHeaders);
  if (body instanceof Stream) await sendStream(body, context);
  else if (req.method === 'HEAD') res.end();
  else res.end(body);
}

/**
 * A client that goes away in the middle is no error of ours; a body that breaks resets the line.
 */
async function sendStream(body: Readable, { res, req }: Context): Promise<void> {
  if (req.method === 'HEAD') {
    body.destroy();
    res.end();
    return;
  }
  res.once('close', () => body.destroy());
  try {
    for await (const chunk of body) {
      await writeChunk(res, chunk);
      if (isRecycling(body)) body.recycle(chunk);
    }
    res.end();
  } catch (error) {
    res.destroy();
    if (!isClientGone(error)) throw error;
  }
}

/** Resolves when the kernel has taken the bytes, and nobody here looks at them any more. */
function writeChunk(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    response.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}

function isRecycling(body: Readable): body is RecyclingReadable {
  return 'recycle' in body;
}

const CLIENT_GONE = new Set([
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_STREAM_DESTROYED',
  'ECONNRESET',
  'EPIPE',
]);

/** Whether the error says only that the other side hung up. */
export function isClientGone(error: unknown): boolean {
  return CLIENT_GONE.has((error as NodeJS.ErrnoException | null)?.code ?? '');
}

/** Less than this of an unread body is read and dropped, so that the connection can be kept. */
const SMALL_BODY_BYTES = 64 * 1024;

/** So much, and so long, is read from a client that should read its answer before we hang up. */
const LINGER = { bytes: 16 * 1024 * 1024, milliseconds: 1000 };

/** Whether the client still means to send what nobody wants any more. */
function isBodyUnread(request: IncomingMessage): boolean {
  if (request.headers.expect !== undefined) return true;
  if (request.complete) return false;
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  return encoding !== undefined || Number(length ?? 0) > SMALL_BODY_BYTES;
}

/**
 * Answers without reading the rest of the request. A socket that is closed while bytes come in is
 * reset, and the client may lose the answer; so a little more is read first.
 */
async function writeAndClose({ req, res }: Context, answer: Answer): Promise<void> {
  const { body } = answer;
  if (body instanceof Stream) body.destroy();
  res.writeHead(answer.status, { ...answer.headers, Connection: 'close' } as OutgoingHttpHeaders);
  if (req.method !== 'HEAD' && body !== undefined && !(body instanceof Stream)) res.write(body);
  else res.flushHeaders();
  if (req.headers.expect === undefined) await dropSome(req);
  res.end();
}

async function dropSome(request: IncomingMessage): Promise<void> {
  const signal = AbortSignal.timeout(LINGER.milliseconds);
  let dropped = 0;
  const onData = (chunk: Buffer): void => {
    dropped += chunk.length;
    if (dropped > LINGER.bytes) request.pause().emit('enough');
  };
  request.on('data', onData);
  try {
    await Promise.race([
      once(request, 'end', { signal }),
      once(request, 'close', { signal }),
      once(request, 'enough', { signal }),
    ]);
  } catch {
    // It took too long, or the client is gone: either way it had its chance.
  } finally {
    request.off('data', onData);
  }
}
