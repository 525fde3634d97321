/** Brings one wanted blob here, through the same fill that serves clients. */
import { pipeline, Transform } from 'node:stream';
import { callbackify } from 'node:util';
import type { Digest } from '../../src/oci/digest.ts';
import type { RepositoryName } from '../../src/oci/reference.ts';
import type { Fill, OnVerified } from '../../src/registry/fill.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import type { Catalog } from '../../src/storage/catalog.ts';
import type { LedgerEntry } from '../../src/storage/geo/ledger.ts';
import type { Replicas } from '../../src/storage/geo/replicas.ts';
import { type Upstream, type UpstreamBlob, UpstreamFailure } from '../../src/storage/upstream.ts';
import type { Bandwidth } from './bandwidth.ts';

export interface TransferOptions {
  readonly catalog: Pick<Catalog, 'listHolders'>;
  readonly replicas: Pick<Replicas, 'findVerified'>;
  readonly blobStore: Pick<BlobStore, 'find'>;
  readonly upstream: Pick<Upstream, 'openBlob'>;
  readonly fill: Pick<Fill, 'fetch' | 'isRead'>;
  readonly bandwidth: Pick<Bandwidth, 'take'>;
  readonly onArrival: OnVerified;
}

/** Told how many bytes the staging was given so far. */
export type OnProgress = (offset: number) => void;

export type BringHere = (entry: LedgerEntry, onProgress: OnProgress) => Promise<void>;

/**
 * While this site is behind, the primary may have deleted the repository that is asked for a blob,
 * and hold the blob in another one: so many are asked.
 */
const MOST_ASKED = 4;

/** Another process of the site is bringing the blob: to be looked at again later. */
export class BroughtElsewhere extends Error {}

/**
 * Makes the job: resolves once the blob is proven and kept here, or is wanted no more. Idempotent:
 * what is done already is not done again, and what a killed process had fetched is not fetched
 * twice. Rejects with `BroughtElsewhere` at once, so that no worker waits for another process.
 */
export function createTransfer(options: TransferOptions): BringHere {
  const { catalog, replicas, blobStore, upstream, fill, onArrival } = options;
  return async ({ digest, sizeBytes }, onProgress) => {
    if (await replicas.findVerified(digest)) return;
    // A blob is in the store only after its digest was proven, by whoever brought it.
    const kept = await blobStore.find(digest);
    if (kept) return onArrival(digest, kept.sizeBytes);
    const holders = await catalog.listHolders(digest, { limit: MOST_ASKED });
    if (holders.length === 0) return;
    const source = async (offset: number) => {
      const blob = await openFirst(upstream, holders, { digest, offset });
      const wait = async (bytes: number) => {
        // The limit is for copies that nobody waits for.
        if (!fill.isRead(digest)) await options.bandwidth.take(bytes);
      };
      return blob && watch(blob, wait, (passed) => onProgress(offset + passed));
    };
    const done = await fill.fetch({ digest, sizeBytes, source, onVerified: onArrival });
    if (done === 'elsewhere') throw new BroughtElsewhere();
    if (!done) throw new UpstreamFailure('the primary does not have this blob', { status: 404 });
  };
}

async function openFirst(
  upstream: TransferOptions['upstream'],
  holders: readonly RepositoryName[],
  { digest, offset }: { readonly digest: Digest; readonly offset: number },
): Promise<UpstreamBlob | undefined> {
  for (const repository of holders) {
    const blob = await upstream.openBlob(repository, digest, offset);
    if (blob) return blob;
  }
  return undefined;
}

/** Lets bytes pass when they may, and counts them. */
function watch(
  blob: UpstreamBlob,
  wait: (bytes: number) => Promise<void>,
  onProgress: OnProgress,
): UpstreamBlob {
  let passed = 0;
  const letPass = async (chunk: Uint8Array) => {
    await wait(chunk.length);
    onProgress((passed += chunk.length));
    return chunk;
  };
  const counter = new Transform({
    transform: (chunk: Uint8Array, _encoding, done) => callbackify(letPass)(chunk, done),
  });
  // Either side that breaks or is let go of takes the other along.
  pipeline(blob.content, counter, () => undefined);
  return { ...blob, content: counter };
}
