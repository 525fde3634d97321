/** Speaks to the primary over HTTP. */
import type { Readable } from 'node:stream';
import type {
  CutAnswer,
  FactsAnswer,
  ForwardedAnswer,
  ForwardedRequest,
  HeaderFields,
  JoinAnswer,
  JoinRequest,
  PrimarySite,
  SelfReport,
  SnapshotAnswer,
  ToldPull,
  WantedRanges,
} from '../geo/primary-site.ts';
import { UpstreamFailure } from '../upstream.ts';
import { type Line, refusal } from './line.ts';

/** The feed says something each second; a primary that is silent for so long is away. */
const FEED_SILENCE_MS = 5000;

/** A report is small; a primary that takes longer is asked again. */
const REPORT_LIMIT_MS = 5000;

const NEWLINE = 0x0a;

export class DistributionPrimarySite implements PrimarySite {
  readonly #line: Line;

  constructor(line: Line) {
    this.#line = line;
  }

  async join(request: JoinRequest): Promise<JoinAnswer> {
    const path = '/api/v1/sites/join';
    const { token, ...body } = request;
    const answer = await this.#line.pass({
      method: 'POST',
      path,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (answer.statusCode !== 200) throw await refusal(answer, `POST ${path}`);
    return (await answer.body.json()) as JoinAnswer;
  }

  async openFeed(after: number, signal: AbortSignal): Promise<AsyncIterable<string>> {
    const path = `/api/v1/feed?after=${after}`;
    const answer = await this.#line.ask({
      method: 'GET',
      path,
      signal,
      bodyTimeoutMs: FEED_SILENCE_MS,
    });
    if (answer.statusCode !== 200) throw await refusal(answer, `GET ${path}`);
    return this.#readLines(answer.body, signal);
  }

  async *#readLines(body: Readable, signal: AbortSignal): AsyncGenerator<string> {
    try {
      yield* splitLines(this.#heard(body));
    } catch (error) {
      if (!signal.aborted) this.#line.reportBroken();
      throw new UpstreamFailure('the feed broke off', { cause: error });
    }
    throw new UpstreamFailure('the primary ended the feed');
  }

  /** The feed says that the line is alive to whoever waits for an answer on it. */
  async *#heard(body: Readable): AsyncGenerator<Buffer> {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      this.#line.hear();
      yield chunk;
    }
  }

  async report({ site, ...report }: SelfReport, signal: AbortSignal): Promise<void> {
    const path = `/api/v1/sites/${encodeURIComponent(site)}/report`;
    const answer = await this.#line.ask({
      method: 'PUT',
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(report),
      signal,
      limitMs: REPORT_LIMIT_MS,
    });
    if (answer.statusCode !== 204) throw await refusal(answer, `PUT ${path}`);
    await answer.body.dump();
  }

  async tellPulls(
    { site, pulls }: { readonly site: string; readonly pulls: readonly ToldPull[] },
    signal: AbortSignal,
  ): Promise<boolean> {
    const path = `/api/v1/sites/${encodeURIComponent(site)}/pulls`;
    const answer = await this.#line.ask({
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ pulls }),
      signal,
      limitMs: REPORT_LIMIT_MS,
    });
    if (answer.statusCode !== 200) throw await refusal(answer, `POST ${path}`);
    return ((await answer.body.json()) as { readonly isWanted: boolean }).isWanted;
  }

  async readSnapshot(
    { part, after = [] }: { readonly part: string; readonly after?: readonly string[] },
    signal: AbortSignal,
  ): Promise<SnapshotAnswer> {
    const query = new URLSearchParams({ part });
    for (const word of after) query.append('after', word);
    const path = `/api/v1/snapshot?${query.toString()}`;
    const answer = await this.#line.ask({ method: 'GET', path, signal });
    if (answer.statusCode !== 200) throw await refusal(answer, `GET ${path}`);
    return (await answer.body.json()) as SnapshotAnswer;
  }

  cutFacts(
    wanted: WantedRanges & { readonly rows: number; readonly hashing: string },
    signal: AbortSignal,
  ): Promise<CutAnswer> {
    return this.#compare<CutAnswer>('/api/v1/checksums', wanted, signal);
  }

  readFacts(wanted: WantedRanges, signal: AbortSignal): Promise<FactsAnswer> {
    return this.#compare<FactsAnswer>('/api/v1/checksums/facts', wanted, signal);
  }

  async #compare<Answer>(path: string, wanted: object, signal: AbortSignal): Promise<Answer> {
    const body = JSON.stringify(wanted);
    const headers = { 'content-type': 'application/json' };
    const answer = await this.#line.ask({ method: 'POST', path, headers, body, signal });
    if (answer.statusCode !== 200) throw await refusal(answer, `POST ${path}`);
    const text = await answer.body.text();
    const bytes = Buffer.byteLength(body) + Buffer.byteLength(text);
    return { ...(JSON.parse(text) as Answer), bytes };
  }

  async forward(request: ForwardedRequest): Promise<ForwardedAnswer> {
    const { method, path, headers, body, signal, timeoutMs } = request;
    const answer = await this.#line.pass({
      method,
      path,
      headers: dropAbsent(headers),
      ...(body === undefined ? {} : { body }),
      signal,
      // Reads may get this site's own answer instead.
      isPatient: method !== 'GET' && method !== 'HEAD',
      // Where nothing is sent first, the time counts from the start.
      ...(body === undefined ? { limitMs: timeoutMs } : { headTimeoutMs: timeoutMs }),
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.body };
  }
}

function dropAbsent(headers: HeaderFields): Record<string, string> {
  const present = Object.entries(headers).filter((entry) => entry[1] !== undefined);
  return Object.fromEntries(present.map(([name, value]) => [name, String(value)]));
}

/** Whole lines only: what was cut off in the middle of a line is not a message. */
async function* splitLines(body: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  for await (const chunk of body) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...begun, chunk.subarray(from, at)]).toString('utf8');
      begun = [];
      from = at + 1;
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
  }
}
