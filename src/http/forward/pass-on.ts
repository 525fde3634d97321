/**
 * Writes at a secondary are the primary's: streamed there with the client's own credentials, and
 * the answer streamed back when what it speaks of has arrived here too.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Passage } from '../../geo/passage.ts';
import { POSITION_HEADER, WRITES_HEADER } from '../../geo/passage.ts';
import { askPrimary } from '../../geo/primary-away.ts';
import { EPOCH_HEADER, type SiteRole } from '../../geo/role.ts';
import type { ForwardedAnswer, HeaderFields, PrimarySite } from '../../storage/geo/primary-site.ts';
import { type Answer, emptyAnswer, type Headers } from '../answer.ts';

export interface PassOnDependencies {
  readonly primarySite: Pick<PrimarySite, 'forward'>;
  readonly role: Pick<SiteRole, 'read'>;
  readonly passage: Passage;
  /** Whether bytes go through this site, or clients are sent to the primary with them. */
  readonly writes: 'proxy' | 'redirect';
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
  // The client's word about proxies; the primary may trust this site's address (A39).
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  // What the proxy in front of this site can do is nothing to the primary, and the other way round.
  'x-sendfile-type',
  'x-accel-redirect',
  'x-accel-buffering',
  'x-accel-charset',
  'x-accel-expires',
  'x-accel-limit-rate',
  // A site's own word to the primary.
  WRITES_HEADER,
  // Written by this site on every answer of its own.
  'docker-distribution-api-version',
  'meridian-source',
  'meridian-age',
]);

/** What the primary hashes, syncs or joins before it answers takes its time with large blobs. */
const UPLOAD_TIMEOUT_MS = 120_000;
const WAIT_TIMEOUT_MS = 11 * 60 * 1000;
const TIMEOUT_MS = 10_000;

/** Somebody waits for a list, and may get this site's own instead. */
const READ_TIMEOUT_MS = 1000;

/** One request at a secondary. */
export interface Passed {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Absent where the request has none. */
  readonly body: Readable | undefined;
}

/** Gives the primary's answer. @throws PrimaryAway, UpstreamFailure */
export type PassOn = (passed: Passed) => Promise<Answer>;

export function openPassOn(dependencies: PassOnDependencies): PassOn {
  const { primarySite, role, passage, writes } = dependencies;
  return async ({ request: { method = 'GET', url = '', headers }, response, body }) => {
    const { epoch } = await role.read();
    const request = {
      method,
      path: url,
      headers: { ...passable(headers), [EPOCH_HEADER]: String(epoch), [WRITES_HEADER]: writes },
      ...(body ? { body } : {}),
      signal: watchClient(response),
      timeoutMs: timeoutOf(method, url, body !== undefined),
    };
    const what = isRead(method) ? 'read' : 'write';
    const answer = await askPrimary(what, () => primarySite.forward(request)).catch((error) => {
      // A client that went away in the middle of its body is no failure of the primary.
      throw body?.errored ?? error;
    });
    try {
      await waitForChange(passage, answer);
    } catch (error) {
      answer.body.destroy();
      throw error;
    }
    return toAnswer(answer);
  };
}

/** Whether there is a body to pass on. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** A repository may be called by these words too: they must stand last in the path. */
const UPLOAD = /^[^?]+\/blobs\/uploads\/[^/?]*(?:\?|$)/;

/** Uploads change nothing that a later read at the secondary would not ask the primary for. */
export function isUpload(url: string): boolean {
  return UPLOAD.test(url);
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** A wait for an image is as long as its client wants it, and ends by itself. */
function isWait(url: string): boolean {
  return /^\/api\/v1\/repositories\/.+\/wait(?:$|\?)/.test(url);
}

function timeoutOf(method: string, url: string, hasContent: boolean): number {
  if (isUpload(url)) return hasContent ? UPLOAD_TIMEOUT_MS : TIMEOUT_MS;
  if (isWait(url)) return WAIT_TIMEOUT_MS;
  return isRead(method) ? READ_TIMEOUT_MS : TIMEOUT_MS;
}

function watchClient(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  return gone.signal;
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
