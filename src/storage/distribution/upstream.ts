/** Reads content from another registry by the OCI distribution API. */
import { Readable } from 'node:stream';
import type { Digest } from '../../oci/digest.ts';
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts';
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  essence,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../oci/media-type.ts';
import { printReference, type Reference, type RepositoryName } from '../../oci/reference.ts';
import {
  type Upstream,
  type UpstreamBlob,
  UpstreamFailure,
  type UpstreamManifest,
} from '../upstream.ts';
import {
  type Line,
  type LineAnswer,
  type LineRequest,
  QUESTION_LIMIT_MS,
  refusal,
} from './line.ts';

/** Any type is taken; the list is for registries that convert what is not asked for by name. */
const ACCEPT = [OCI_INDEX, OCI_MANIFEST, DOCKER_MANIFEST_LIST, DOCKER_MANIFEST, '*/*'].join(', ');

const TOTAL = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/;

/** A part of a blob; where the registry knows no ranges, all behind its start. */
export interface UpstreamPart extends UpstreamBlob {
  /** Position of the first byte that `content` does not hold. */
  readonly end: number;
}

interface Part {
  readonly start: number;
  /** Position behind the last byte; the end of the blob where absent. */
  readonly end?: number;
  readonly signal?: AbortSignal;
}

export class DistributionUpstream implements Upstream {
  readonly #line: Line;

  constructor(line: Line) {
    this.#line = line;
  }

  async findManifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<UpstreamManifest | undefined> {
    const path = manifestPath(repository, reference);
    const answer = await this.#question({ method: 'GET', path, headers: { accept: ACCEPT } });
    return this.#readManifest(answer, path);
  }

  async findChangedManifest(
    repository: RepositoryName,
    reference: Reference,
    known: Digest,
  ): Promise<UpstreamManifest | 'unchanged' | undefined> {
    const path = manifestPath(repository, reference);
    const headers = { accept: ACCEPT, 'if-none-match': `"${known}"` };
    const answer = await this.#question({ method: 'GET', path, headers });
    if (answer.statusCode !== 304) return this.#readManifest(answer, path);
    await answer.body.dump();
    return 'unchanged';
  }

  async #readManifest(answer: LineAnswer, path: string): Promise<UpstreamManifest | undefined> {
    if (answer.statusCode === 404) return gone(answer);
    if (answer.statusCode !== 200) throw await refusal(answer, `GET ${path}`);
    const mediaType = essence(String(answer.headers['content-type'] ?? ''));
    try {
      return { mediaType, content: await readWhole(answer) };
    } catch (error) {
      if (error instanceof UpstreamFailure) throw error;
      this.#line.reportBroken();
      throw new UpstreamFailure(`GET ${path} broke off`, { cause: error });
    }
  }

  /** Somebody waits for the answer, and it is short. */
  #question(wanted: LineRequest): Promise<LineAnswer> {
    const limits = { limitMs: QUESTION_LIMIT_MS, bodyTimeoutMs: QUESTION_LIMIT_MS };
    return this.#line.ask({ ...wanted, ...limits });
  }

  async findBlob(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<{ readonly sizeBytes: number } | undefined> {
    const path = `/v2/${repository}/blobs/${digest}`;
    const answer = await this.#question({ method: 'HEAD', path });
    if (answer.statusCode === 404) return gone(answer);
    const sizeBytes = Number(answer.headers['content-length'] ?? Number.NaN);
    if (answer.statusCode !== 200 || !Number.isSafeInteger(sizeBytes)) {
      throw await refusal(answer, `HEAD ${path}`);
    }
    await answer.body.dump();
    return { sizeBytes };
  }

  openBlob(
    repository: RepositoryName,
    digest: Digest,
    offset = 0,
  ): Promise<UpstreamBlob | undefined> {
    return this.openPart(repository, digest, { start: offset });
  }

  async openPart(
    repository: RepositoryName,
    digest: Digest,
    part: Part,
  ): Promise<UpstreamPart | undefined> {
    const path = `/v2/${repository}/blobs/${digest}`;
    const { signal } = part;
    const asked = { method: 'GET', path, headers: printRange(part) } as const;
    const answer = await this.#line.ask({ ...asked, ...(signal ? { signal } : {}) });
    if (answer.statusCode === 404) return gone(answer);
    const found = readPart(answer, part.start);
    if (found === undefined) throw await refusal(answer, `GET ${path}`);
    const { sizeBytes, end, skipBytes } = found;
    if (skipBytes === 0) return { sizeBytes, end, content: answer.body };
    const content = Readable.from(skip(answer.body, skipBytes));
    // Let go of before it is read, it would leave the answer open, and a connection with it.
    content.once('close', () => answer.body.destroy());
    return { sizeBytes, end, content };
  }
}

function printRange({ start, end }: Part): Record<string, string> {
  if (end !== undefined) return { range: `bytes=${start}-${end - 1}` };
  return start === 0 ? {} : { range: `bytes=${start}-` };
}

/** What the answer holds, and how much of it lies before the start; `undefined` for a refusal. */
function readPart(
  answer: LineAnswer,
  start: number,
): { sizeBytes: number; end: number; skipBytes: number } | undefined {
  const length = Number(answer.headers['content-length'] ?? Number.NaN);
  // > A registry that does not know ranges answers the whole (RFC 9110, 14.2).
  if (answer.statusCode === 200) {
    const whole = { sizeBytes: length, end: length, skipBytes: start };
    return Number.isFinite(length) ? whole : undefined;
  }
  const match = TOTAL.exec(String(answer.headers['content-range'] ?? ''));
  if (!match) return undefined;
  const sizeBytes = Number(match[3]);
  if (answer.statusCode === 206 && Number(match[1] ?? Number.NaN) === start) {
    return { sizeBytes, end: Number(match[2]) + 1, skipBytes: 0 };
  }
  // Nothing lies behind the end: that is an empty rest, not a failure. The body is an explanation.
  const isAtEnd = answer.statusCode === 416 && sizeBytes === start;
  return isAtEnd ? { sizeBytes, end: start, skipBytes: Number.POSITIVE_INFINITY } : undefined;
}

function manifestPath(repository: RepositoryName, reference: Reference): string {
  return `/v2/${repository}/manifests/${printReference(reference)}`;
}

async function* skip(body: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer> {
  let left = count;
  for await (const chunk of body) {
    if (chunk.length > left) yield chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}

async function readWhole(answer: LineAnswer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_MANIFEST_BYTES) throw new UpstreamFailure('the manifest is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function gone(answer: LineAnswer): Promise<undefined> {
  await answer.body.dump();
  return undefined;
}
