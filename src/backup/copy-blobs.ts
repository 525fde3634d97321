/** Blobs from one store to another: each is proven on its way, and what is there stays. */
import type { Digest } from '../oci/digest.ts';
import type { BlobStore } from '../storage/blob-store.ts';

export interface Copied {
  /** Blobs, and those of them that had to be copied. */
  readonly blobs: number;
  readonly copied: number;
  readonly bytes: number;
  /** What the first store lacks, or has with other bytes. */
  readonly lost: readonly Digest[];
}

export interface CopyOptions {
  readonly from: Pick<BlobStore, 'open'>;
  readonly to: Pick<BlobStore, 'find' | 'append' | 'commit' | 'discard'>;
  readonly digests: AsyncIterable<Digest>;
  /** Called when a blob is there, be it that it was before. */
  readonly onBlob?: () => void;
}

/** Disks and buckets alike answer several at once faster than one after the other. */
const LANES = 4;

export async function copyBlobs({ from, to, digests, onBlob }: CopyOptions): Promise<Copied> {
  const tally = { blobs: 0, copied: 0, bytes: 0, lost: [] as Digest[] };
  const waiting = digests[Symbol.asyncIterator]();
  const note = (digest: Digest, sizeBytes: number | undefined) => {
    if (sizeBytes === undefined) return tally.lost.push(digest);
    tally.copied += 1;
    return (tally.bytes += sizeBytes);
  };
  const work = async () => {
    for (let next = await waiting.next(); !next.done; next = await waiting.next()) {
      tally.blobs += 1;
      if (!(await to.find(next.value))) note(next.value, await copyBlob(from, to, next.value));
      onBlob?.();
    }
  };
  await Promise.all(Array.from({ length: LANES }, work));
  return tally;
}

/** @returns its size; `undefined` where it is not there, or its bytes have another digest */
async function copyBlob(
  from: CopyOptions['from'],
  to: CopyOptions['to'],
  digest: Digest,
): Promise<number | undefined> {
  const content = await from.open(digest);
  if (!content) return undefined;
  const staging = `copy-${digest.replace(':', '-')}`;
  const algorithm = digest.startsWith('sha512') ? 'sha512' : 'sha256';
  const { interruption } = await to.append(staging, { offset: 0, content, algorithm });
  if (interruption) throw interruption;
  const outcome = await to.commit(staging, digest);
  return outcome.kind === 'committed' ? outcome.sizeBytes : undefined;
}
