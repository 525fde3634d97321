/** Reads content from another registry by the OCI distribution API. */
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
import { printRange, readPart, type UpstreamPart, type WantedPart } from './parts.ts';

/** Any type is taken; the list is for registries that convert what is not asked for by name. */
export const ACCEPT = [OCI_INDEX, OCI_MANIFEST, DOCKER_MANIFEST_LIST, DOCKER_MANIFEST, '*/*'].join(
  ', ',
);

export class DistributionUpstream implements Upstream {
  readonly #line: Pick<Line, 'ask' | 'reportBroken'>;

  constructor(line: Pick<Line, 'ask' | 'reportBroken'>) {
    this.#line = line;
  }

  async findManifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<UpstreamManifest | undefined> {
    const path = manifestPath(repository, reference);
    const headers = { accept: ACCEPT };
    const answer = await this.#question({ method: 'GET', path, headers, isPatient: true });
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
    const answer = await this.#question({ method: 'HEAD', path, isPatient: true });
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
    part: WantedPart & { readonly signal?: AbortSignal },
  ): Promise<UpstreamPart | undefined> {
    const path = `/v2/${repository}/blobs/${digest}`;
    const { signal } = part;
    const asked = { method: 'GET', path, headers: printRange(part) } as const;
    const answer = await this.#line.ask({ ...asked, ...(signal ? { signal } : {}) });
    if (answer.statusCode === 404) return gone(answer);
    const found = readPart(answer, part.start);
    if (found === undefined) throw await refusal(answer, `GET ${path}`);
    return found;
  }
}

function manifestPath(repository: RepositoryName, reference: Reference): string {
  return `/v2/${repository}/manifests/${printReference(reference)}`;
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
