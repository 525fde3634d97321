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
import { type Line, type LineAnswer, refusal } from './line.ts';

/** Any type is taken; the list is for registries that convert what is not asked for by name. */
const ACCEPT = [OCI_INDEX, OCI_MANIFEST, DOCKER_MANIFEST_LIST, DOCKER_MANIFEST, '*/*'].join(', ');

const TOTAL = /^bytes (?:(\d+)-\d+|\*)\/(\d+)$/;

export class DistributionUpstream implements Upstream {
  readonly #line: Line;

  constructor(line: Line) {
    this.#line = line;
  }

  async findManifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<UpstreamManifest | undefined> {
    const path = `/v2/${repository}/manifests/${printReference(reference)}`;
    const answer = await this.#line.ask({ method: 'GET', path, headers: { accept: ACCEPT } });
    if (answer.statusCode === 404) return gone(answer);
    if (answer.statusCode !== 200) throw await refusal(answer, `GET ${path}`);
    const mediaType = essence(String(answer.headers['content-type'] ?? ''));
    return { mediaType, content: await readWhole(answer) };
  }

  async findBlob(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<{ readonly sizeBytes: number } | undefined> {
    const path = `/v2/${repository}/blobs/${digest}`;
    const answer = await this.#line.ask({ method: 'HEAD', path });
    if (answer.statusCode === 404) return gone(answer);
    const sizeBytes = Number(answer.headers['content-length'] ?? Number.NaN);
    if (answer.statusCode !== 200 || !Number.isSafeInteger(sizeBytes)) {
      throw await refusal(answer, `HEAD ${path}`);
    }
    await answer.body.dump();
    return { sizeBytes };
  }

  async openBlob(
    repository: RepositoryName,
    digest: Digest,
    offset = 0,
  ): Promise<UpstreamBlob | undefined> {
    const path = `/v2/${repository}/blobs/${digest}`;
    const headers: Record<string, string> = offset === 0 ? {} : { range: `bytes=${offset}-` };
    const answer = await this.#line.ask({ method: 'GET', path, headers });
    if (answer.statusCode === 404) return gone(answer);
    const size = readSize(answer, offset);
    if (size === undefined) throw await refusal(answer, `GET ${path}`);
    if (size.skipBytes === 0) return { sizeBytes: size.sizeBytes, content: answer.body };
    const content = Readable.from(skip(answer.body, size.skipBytes));
    // Let go of before it is read, it would leave the answer open, and a connection with it.
    content.once('close', () => answer.body.destroy());
    return { sizeBytes: size.sizeBytes, content };
  }
}

/** Size of the whole blob and what the answer holds before `offset`; `undefined` for a refusal. */
function readSize(
  answer: LineAnswer,
  offset: number,
): { sizeBytes: number; skipBytes: number } | undefined {
  const length = Number(answer.headers['content-length'] ?? Number.NaN);
  // > A registry that does not know ranges answers the whole (RFC 9110, 14.2).
  if (answer.statusCode === 200) {
    return Number.isFinite(length) ? { sizeBytes: length, skipBytes: offset } : undefined;
  }
  const match = TOTAL.exec(String(answer.headers['content-range'] ?? ''));
  if (!match) return undefined;
  const [start, sizeBytes] = [Number(match[1] ?? offset), Number(match[2])];
  if (answer.statusCode === 206 && start === offset) return { sizeBytes, skipBytes: 0 };
  // Nothing lies behind the end: that is an empty rest, not a failure. The body is an explanation.
  const isAtEnd = answer.statusCode === 416 && sizeBytes === offset;
  return isAtEnd ? { sizeBytes, skipBytes: Number.POSITIVE_INFINITY } : undefined;
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
