/** The registry that is imported from: its repositories, tags, manifests and blobs, as read. */
import type { Readable } from 'node:stream';
import { type Digest, digestOf, isDigest, parseDigest } from '../../oci/digest.ts';
import { MAX_MANIFEST_BYTES, outlineOf, parseManifest } from '../../oci/manifest.ts';
import {
  DOCKER_MANIFEST,
  DOCKER_MANIFEST_LIST,
  essence,
  OCI_INDEX,
  OCI_MANIFEST,
} from '../../oci/media-type.ts';
import { header, nextPage, Refusal, type RegistryLine } from './registry-line.ts';

export interface SizedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface ReadManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly content: Buffer;
  readonly children: readonly Digest[];
  readonly blobs: readonly SizedBlob[];
}

const ACCEPT = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, '*/*'].join(', ');
const PAGE = 1000;

export class RegistryReader {
  readonly #line: RegistryLine;
  /** Whether it lists referrers; old registries answer 404 to the question itself. */
  #hasReferrers = true;

  constructor(line: RegistryLine) {
    this.#line = line;
  }

  async *listTags(repository: string): AsyncGenerator<string> {
    const scopes = scopesOf(repository);
    let path: string | undefined = `/v2/${repository}/tags/list?n=${PAGE}`;
    while (path) {
      const answer = await this.#line.ask(path, { scopes });
      if (answer.statusCode === 404) {
        await answer.body.dump();
        return;
      }
      if (answer.statusCode !== 200) throw refuse(repository, answer.statusCode);
      path = nextPage(answer, this.#line.url);
      const { tags } = (await answer.body.json()) as { tags?: string[] | null };
      yield* tags ?? [];
    }
  }

  /** What the reference points to; `undefined` where it is not there. */
  async findDigest(repository: string, reference: string): Promise<Digest | undefined> {
    const path = `/v2/${repository}/manifests/${reference}`;
    const headers = { accept: ACCEPT };
    const asked = { method: 'HEAD' as const, headers, scopes: scopesOf(repository) };
    const answer = await this.#line.ask(path, asked);
    await answer.body.dump();
    if (answer.statusCode === 404) return undefined;
    if (answer.statusCode !== 200) throw refuse(repository, answer.statusCode);
    const digest = parseDigest(header(answer, 'docker-content-digest') ?? '');
    return digest ?? (await this.readManifest(repository, reference)).digest;
  }

  /** @throws Error in one sentence where it is none, or its bytes have another digest */
  async readManifest(repository: string, reference: string): Promise<ReadManifest> {
    const path = `/v2/${repository}/manifests/${reference}`;
    const asked = { headers: { accept: ACCEPT }, scopes: scopesOf(repository) };
    const answer = await this.#line.expect(path, asked);
    const content = await readAtMost(answer.body, MAX_MANIFEST_BYTES);
    const algorithm = reference.startsWith('sha512:') ? 'sha512' : 'sha256';
    const digest = digestOf(content, algorithm);
    if (isDigest(reference) && reference !== digest) {
      throw new Error(`${this.#line.url.host} gives other bytes for ${reference}`);
    }
    const manifest = parseManifest(content, essence(header(answer, 'content-type')));
    const sizes = new Map(manifest.blobs.map((blob) => [blob.digest, blob.size]));
    const { blobs, manifests } = outlineOf(manifest);
    const sized = blobs.map((blob) => ({ digest: blob, sizeBytes: sizes.get(blob) ?? 0 }));
    const { mediaType } = manifest;
    return { digest, mediaType, content, children: manifests, blobs: sized };
  }

  /** Manifests that name this one as their subject; none where the registry does not list them. */
  async listReferrers(repository: string, subject: Digest): Promise<Digest[]> {
    const scopes = scopesOf(repository);
    const found: Digest[] = [];
    let path: string | undefined = `/v2/${repository}/referrers/${subject}`;
    while (path && this.#hasReferrers) {
      const answer = await this.#line.ask(path, { scopes });
      if (answer.statusCode !== 200) {
        await answer.body.dump();
        this.#hasReferrers &&= answer.statusCode !== 404;
        return found;
      }
      path = nextPage(answer, this.#line.url);
      const { manifests = [] } = (await answer.body.json()) as {
        manifests?: { digest: string }[];
      };
      found.push(...manifests.flatMap(({ digest }) => parseDigest(digest) ?? []));
    }
    return found;
  }

  /** @throws Refusal where it is not there */
  async openBlob(repository: string, digest: Digest): Promise<Readable> {
    const path = `/v2/${repository}/blobs/${digest}`;
    return (await this.#line.expect(path, { scopes: scopesOf(repository) })).body;
  }

  async hasBlob(repository: string, digest: Digest): Promise<boolean> {
    const asked = { method: 'HEAD' as const, scopes: scopesOf(repository) };
    const answer = await this.#line.ask(`/v2/${repository}/blobs/${digest}`, asked);
    await answer.body.dump();
    return answer.statusCode === 200;
  }
}

function scopesOf(repository: string): string[] {
  return [`repository:${repository}:pull`];
}

function refuse(repository: string, status: number): Refusal {
  return new Refusal(status, `the registry answers ${status} for ${repository}`);
}

async function readAtMost(body: Readable, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error('a manifest is larger than any registry takes');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
