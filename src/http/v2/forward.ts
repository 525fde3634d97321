/**
 * Writes at a secondary are the primary's: streamed there with the client's own credentials, and
 * the answer streamed back. Whether the caller may was decided here before; the primary decides
 * again.
 */
import { Readable } from 'node:stream';
import type { Passage } from '../../geo/passage.ts';
import { POSITION_HEADER } from '../../geo/passage.ts';
import { askPrimary } from '../../geo/primary-away.ts';
import { EPOCH_HEADER, parseEpoch, type SiteRole } from '../../geo/role.ts';
import type { ForwardedAnswer, HeaderFields, PrimarySite } from '../../storage/primary-site.ts';
import { type Answer, emptyAnswer, type Headers } from '../answer.ts';
import type { Forward } from '../app.ts';
import type { Call } from './call.ts';

export interface ForwardDependencies {
  readonly primarySite: Pick<PrimarySite, 'forward'>;
  readonly role: Pick<SiteRole, 'read'>;
  readonly passage: Passage;
}

/** > intermediaries MUST remove or replace these (RFC 9110, 7.6.1); and what belongs to one hop. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  // Written by this site on every answer of its own.
  'docker-distribution-api-version',
]);

/** What the primary hashes, syncs or joins before it answers takes its time with large blobs. */
const UPLOAD_TIMEOUT_MS = 120_000;
const TIMEOUT_MS = 10_000;

/** At a secondary: passes each call on to the primary. */
export function forwardToPrimary({ primarySite, role, passage }: ForwardDependencies): Forward {
  return async (call) => {
    const { epoch } = await role.read();
    const gone = watchClient(call);
    const { method = 'GET', url = '' } = call.request;
    const body = readBody(call);
    const request = {
      method,
      path: url,
      headers: { ...passable(call.headers), [EPOCH_HEADER]: String(epoch) },
      ...(body ? { body } : {}),
      signal: gone,
      timeoutMs: body && isUpload(url) ? UPLOAD_TIMEOUT_MS : TIMEOUT_MS,
    };
    const answer = await askPrimary('write', () => primarySite.forward(request)).catch((error) => {
      // A client that went away in the middle of its body is no failure of the primary.
      throw body?.errored ?? error;
    });
    await waitForChange(passage, answer);
    return toAnswer(answer);
  };
}

/** At the primary: says of each write that was passed on where in the log it is. */
export function answerWithPosition(passage: Passage): Forward {
  return async (call, handle) => {
    const answer = await handle();
    const isForwarded = parseEpoch(call.request.headers[EPOCH_HEADER] as string) !== undefined;
    if (!isForwarded || isUpload(call.request.url ?? '')) return answer;
    const position = await passage.getPosition();
    return { ...answer, headers: { ...answer.headers, [POSITION_HEADER]: position } };
  };
}

/** Uploads change nothing that a later read at the secondary would not ask the primary for. */
function isUpload(url: string): boolean {
  return url.includes('/blobs/uploads/');
}

function watchClient({ context: { res } }: Call): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) gone.abort();
  });
  return gone.signal;
}

/** The body, where the request has one; the client is told to send it only now (T32). */
function readBody(call: Call): Readable | undefined {
  const { 'content-length': length, 'transfer-encoding': encoding } = call.headers;
  const hasBody = encoding !== undefined || Number(length ?? 0) > 0;
  return hasBody ? Readable.from(call.body, { objectMode: false }) : undefined;
}

async function waitForChange(passage: Passage, { headers }: ForwardedAnswer): Promise<void> {
  const position = Number(headers[POSITION_HEADER] ?? 0);
  if (position > 0) await passage.waitFor(position);
}

function toAnswer({ status, headers, body }: ForwardedAnswer): Answer {
  const kept = { ...passable(headers) } as Record<string, string>;
  delete kept[POSITION_HEADER];
  if (kept['content-length'] !== '0' && status !== 204) return { status, headers: kept, body };
  body.resume();
  delete kept['content-length'];
  return emptyAnswer(status, kept);
}

/** Headers without those that speak of one hop, also those that `Connection` names. */
function passable(headers: HeaderFields): Headers {
  const named = String(headers['connection'] ?? '')
    .toLowerCase()
    .split(/ *, */);
  const kept = Object.entries(headers).filter((entry): entry is [string, string] => {
    const [name, value] = entry;
    return value !== undefined && !HOP_BY_HOP.has(name) && !named.includes(name);
  });
  return Object.fromEntries(kept);
}
