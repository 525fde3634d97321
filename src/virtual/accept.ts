/** What a trusted party fetched from an upstream and hands over, proven like what we fetch. */
import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { algorithmOf, type Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error.ts';
import type { Reference } from '../oci/reference.ts';
import type { Randomness } from '../randomness.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { VirtualCache } from '../storage/virtual/cache.ts';
import { RemoteFailure } from '../storage/virtual/remotes.ts';
import type { VirtualCall } from './call.ts';
import { admit } from './manifests.ts';
import type { Settings } from './registries.ts';
import { proveManifest } from './sources/proof.ts';

interface Dependencies {
  readonly registries: Settings;
  readonly virtualCache: Pick<VirtualCache, 'recordManifest' | 'findBlobs' | 'recordBlob'>;
  readonly blobStore: Pick<BlobStore, 'append' | 'commit' | 'discard'>;
  readonly clock: Pick<Clock, 'now'>;
}

export class HandOver {
  readonly #registries: Dependencies['registries'];
  readonly #cache: Dependencies['virtualCache'];
  readonly #blobStore: Dependencies['blobStore'];
  readonly #clock: Dependencies['clock'];
  readonly #randomness: Pick<Randomness, 'uuid'>;

  constructor(dependencies: Dependencies, randomness: Pick<Randomness, 'uuid'>) {
    this.#registries = dependencies.registries;
    this.#cache = dependencies.virtualCache;
    this.#blobStore = dependencies.blobStore;
    this.#clock = dependencies.clock;
    this.#randomness = randomness;
  }

  /** @throws RegistryError NAME_UNKNOWN, MANIFEST_INVALID */
  async acceptManifest(
    call: VirtualCall,
    upstream: string,
    { reference, ...sent }: { reference: Reference; mediaType: string; content: Buffer },
  ): Promise<Digest> {
    const { image } = await this.#assertRemote(call, upstream);
    const expected = reference.kind === 'digest' ? reference.digest : undefined;
    const { blobs, manifests, ...proven } = prove(() => proveManifest(sent, expected));
    const named = reference.kind === 'tag' ? { tag: reference.tag } : {};
    const manifest = { upstream, image, ...proven };
    const checkedAt = this.#clock.now();
    await this.#cache.recordManifest({ manifest, ...named, checkedAt, blobs, manifests });
    return proven.digest;
  }

  /** @throws RegistryError NAME_UNKNOWN, BLOB_UNKNOWN, SIZE_INVALID, DIGEST_INVALID; StorageFull */
  async acceptBlob(
    call: VirtualCall,
    upstream: string,
    { digest, content }: { digest: Digest; content: Readable },
  ): Promise<void> {
    const { image } = await this.#assertRemote(call, upstream);
    const [row] = await this.#cache.findBlobs([upstream], image, digest);
    if (!row) throw new RegistryError('BLOB_UNKNOWN', { detail: { digest } });
    const staging = `accept-${this.#randomness.uuid()}`;
    try {
      await this.#receive(staging, content, { digest, sizeBytes: row.sizeBytes });
    } finally {
      await this.#blobStore.discard(staging);
    }
    await this.#cache.recordBlob({ upstream, image, digest });
  }

  async #receive(
    staging: string,
    content: Readable,
    { digest, sizeBytes }: { digest: Digest; sizeBytes: number },
  ): Promise<void> {
    const algorithm = algorithmOf(digest);
    const bounded = atMost(content, sizeBytes);
    const { offset, interruption } = await this.#blobStore.append(staging, {
      offset: 0,
      content: bounded,
      algorithm,
    });
    if (interruption) throw interruption;
    if (offset !== sizeBytes) throw wrongSize(sizeBytes);
    const outcome = await this.#blobStore.commit(staging, digest);
    if (outcome.kind !== 'committed') throw new RegistryError('DIGEST_INVALID');
  }

  async #assertRemote(call: VirtualCall, upstream: string) {
    const admitted = await admit(this.#registries, { ...call, upstream });
    if (admitted.candidates.some(({ origin }) => origin.kind === 'remote')) return admitted;
    throw new RegistryError('NAME_UNKNOWN', { detail: { upstream } });
  }
}

async function* atMost(content: Readable, sizeBytes: number): AsyncGenerator<Uint8Array> {
  let left = sizeBytes;
  for await (const chunk of content as AsyncIterable<Uint8Array>) {
    left -= chunk.length;
    if (left < 0) throw wrongSize(sizeBytes);
    yield chunk;
  }
}

function wrongSize(sizeBytes: number): RegistryError {
  return new RegistryError('SIZE_INVALID', { detail: { expected: sizeBytes } });
}

/** What an upstream may not send is not taken from anybody else either. */
function prove<T>(task: () => T): T {
  try {
    return task();
  } catch (error) {
    if (!(error instanceof RemoteFailure)) throw error;
    throw new RegistryError('MANIFEST_INVALID', { message: error.message });
  }
}
