/** An upstream that is a few maps: what unit tests and two sites in one process read from. */
import { Readable } from 'node:stream';
import { algorithmOf, type Digest, digestOf } from '../../oci/digest.ts';
import { printReference, type Reference, type RepositoryName } from '../../oci/reference.ts';
import {
  type Upstream,
  type UpstreamBlob,
  UpstreamFailure,
  type UpstreamManifest,
} from '../upstream.ts';

export class MemoryUpstream implements Upstream {
  /** While set, every question fails with it. */
  failure: UpstreamFailure | undefined;
  /** The next blob breaks off once so many of its bytes were read. */
  breakAfterBytes: number | undefined;
  /**
   * Questions that were asked, in order, as `manifest <reference>`, `size of <digest>`, `blob
   * <digest> <offset>`.
   */
  readonly asked: string[] = [];
  readonly #manifests = new Map<string, UpstreamManifest>();
  readonly #blobs = new Map<string, Buffer>();

  putManifest(repository: RepositoryName, reference: Reference, manifest: UpstreamManifest): void {
    this.#manifests.set(`${repository} ${printReference(reference)}`, manifest);
  }

  putBlob(repository: RepositoryName, digest: Digest, content: Buffer): void {
    this.#blobs.set(`${repository} ${digest}`, content);
  }

  async findManifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<UpstreamManifest | undefined> {
    this.asked.push(`manifest ${printReference(reference)}`);
    if (this.failure) throw this.failure;
    return this.#manifests.get(`${repository} ${printReference(reference)}`);
  }

  async findChangedManifest(
    repository: RepositoryName,
    reference: Reference,
    known: Digest,
  ): Promise<UpstreamManifest | 'unchanged' | undefined> {
    const found = await this.findManifest(repository, reference);
    return found && digestOf(found.content, algorithmOf(known)) === known ? 'unchanged' : found;
  }

  async findBlob(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<{ readonly sizeBytes: number } | undefined> {
    this.asked.push(`size of ${digest}`);
    if (this.failure) throw this.failure;
    const blob = this.#blobs.get(`${repository} ${digest}`);
    return blob && { sizeBytes: blob.length };
  }

  async openBlob(
    repository: RepositoryName,
    digest: Digest,
    offset = 0,
  ): Promise<UpstreamBlob | undefined> {
    this.asked.push(`blob ${digest} ${offset}`);
    if (this.failure) throw this.failure;
    const blob = this.#blobs.get(`${repository} ${digest}`);
    if (!blob) return undefined;
    const breakAt = this.breakAfterBytes;
    this.breakAfterBytes = undefined;
    return { sizeBytes: blob.length, content: Readable.from(send(blob, offset, breakAt)) };
  }
}

const CHUNK_BYTES = 64 * 1024;

async function* send(blob: Buffer, offset: number, breakAt?: number): AsyncGenerator<Buffer> {
  const end = breakAt === undefined ? blob.length : Math.min(blob.length, offset + breakAt);
  for (let from = offset; from < end; from += CHUNK_BYTES) {
    yield blob.subarray(from, Math.min(from + CHUNK_BYTES, end));
  }
  if (breakAt !== undefined) throw new UpstreamFailure('the line broke off');
}
