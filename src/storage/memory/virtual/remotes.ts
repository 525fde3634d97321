/** Remotes that are a few maps: what unit tests read from, with faults on command. */
import { Readable } from 'node:stream';
import { algorithmOf, type Digest, digestOf } from '../../../oci/digest.ts';
import {
  printReference,
  type Reference,
  type RepositoryName,
  type Tag,
} from '../../../oci/reference.ts';
import type { VirtualUpstream } from '../../../oci/virtual-registry.ts';
import {
  type RateLimit,
  type Remote,
  type RemoteBlob,
  type RemoteManifest,
  type Remotes,
  type RemoteWord,
} from '../../virtual/remotes.ts';

export class MemoryRemotes implements Remotes {
  readonly #remotes = new Map<string, MemoryRemote>();

  async findFault(): Promise<undefined> {
    return undefined;
  }

  open({ name }: Pick<VirtualUpstream, 'name'>): MemoryRemote {
    const remote = this.#remotes.get(name) ?? new MemoryRemote();
    this.#remotes.set(name, remote);
    return remote;
  }

  async close(): Promise<void> {}
}

export class MemoryRemote implements Remote {
  /** While set, every question fails with it. */
  failure: Error | undefined;
  /** While set, every question waits for it. */
  gate: Promise<void> | undefined;
  /** Whether a HEAD names no digest. */
  isSilentOnDigests = false;
  /** The next blob breaks off once so many of its bytes were read. */
  breakAfterBytes: number | undefined;
  rateLimit: RateLimit | undefined;
  /** Questions in order, as `head latest`, `get sha256:…`, `blob sha256:… 0`, `tags`. */
  readonly asked: string[] = [];
  readonly #manifests = new Map<string, RemoteManifest>();
  readonly #blobs = new Map<string, Buffer>();
  readonly #referrers = new Map<string, RemoteManifest>();

  /** Under its own digest as well. @returns that digest */
  putManifest(image: string, tag: string, manifest: RemoteManifest): Digest {
    const digest = digestOf(manifest.content);
    this.#manifests.set(`${image} ${tag}`, manifest);
    this.#manifests.set(`${image} ${digest}`, manifest);
    return digest;
  }

  /** What a reference, also a digest, is answered with, whatever it should be. */
  replaceManifest(image: string, reference: string, manifest: RemoteManifest): void {
    this.#manifests.set(`${image} ${reference}`, manifest);
  }

  deleteManifest(image: string, reference: string): void {
    this.#manifests.delete(`${image} ${reference}`);
  }

  putBlob(image: string, content: Buffer, digest = digestOf(content)): Digest {
    this.#blobs.set(`${image} ${digest}`, content);
    return digest;
  }

  putReferrers(image: string, subject: Digest, index: RemoteManifest): void {
    this.#referrers.set(`${image} ${subject}`, index);
  }

  async headManifest(image: RepositoryName, reference: Reference): Promise<RemoteWord | undefined> {
    await this.#hear(`head ${printReference(reference)}`);
    const found = this.#manifests.get(`${image} ${printReference(reference)}`);
    if (!found) return undefined;
    const { mediaType, content } = found;
    const algorithm = reference.kind === 'digest' ? algorithmOf(reference.digest) : 'sha256';
    const digest = this.isSilentOnDigests ? {} : { digest: digestOf(content, algorithm) };
    return { mediaType, sizeBytes: content.length, ...digest };
  }

  async findManifest(
    image: RepositoryName,
    reference: Reference,
  ): Promise<RemoteManifest | undefined> {
    await this.#hear(`get ${printReference(reference)}`);
    return this.#manifests.get(`${image} ${printReference(reference)}`);
  }

  async openBlob(
    image: RepositoryName,
    digest: Digest,
    offset = 0,
  ): Promise<RemoteBlob | undefined> {
    await this.#hear(`blob ${digest} ${offset}`);
    const blob = this.#blobs.get(`${image} ${digest}`);
    if (!blob) return undefined;
    const breakAt = this.breakAfterBytes;
    this.breakAfterBytes = undefined;
    return { sizeBytes: blob.length, content: Readable.from(send(blob, offset, breakAt)) };
  }

  async listTags(
    image: RepositoryName,
    { after, limit }: { readonly after?: Tag; readonly limit: number },
  ): Promise<Tag[] | undefined> {
    await this.#hear('tags');
    const names = [...this.#manifests.keys()].filter((key) => key.startsWith(`${image} `));
    const tags = names
      .map((key) => key.slice(image.length + 1))
      .filter((tag) => !tag.includes(':'));
    if (tags.length === 0) return undefined;
    const behind = tags.sort().filter((tag) => after === undefined || tag > after);
    return behind.slice(0, limit) as Tag[];
  }

  async findReferrers(image: RepositoryName, subject: Digest): Promise<RemoteManifest | undefined> {
    await this.#hear(`referrers ${subject}`);
    return this.#referrers.get(`${image} ${subject}`);
  }

  async test(): Promise<{ readonly isWell: boolean; readonly sentence: string }> {
    const isWell = this.failure === undefined;
    return { isWell, sentence: this.failure?.message ?? 'the upstream answers' };
  }

  async #hear(question: string): Promise<void> {
    this.asked.push(question);
    await this.gate;
    if (this.failure) throw this.failure;
  }
}

const CHUNK_BYTES = 64 * 1024;

async function* send(blob: Buffer, offset: number, breakAt?: number): AsyncGenerator<Buffer> {
  const end = breakAt === undefined ? blob.length : Math.min(blob.length, offset + breakAt);
  for (let from = offset; from < end; from += CHUNK_BYTES) {
    yield blob.subarray(from, Math.min(from + CHUNK_BYTES, end));
  }
  if (breakAt !== undefined) throw new Error('the line broke off');
}
