/**
 * What happens once a blob was brought here and every byte of it was hashed, whoever brought it.
 */
import type { Clock } from '../clock.ts';
import type { Digest } from '../oci/digest.ts';
import type { OnVerified } from '../registry/fill.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { BytesRemoved, StorageUnavailable } from '../storage/failure.ts';
import type { Ledger } from '../storage/geo/ledger.ts';
import type { Replicas } from '../storage/geo/replicas.ts';

interface Dependencies {
  readonly replicas: Pick<Replicas, 'recordVerified'>;
  readonly ledger: Pick<Ledger, 'settle'>;
  readonly blobStore: Pick<BlobStore, 'find'>;
  readonly clock: Clock;
}

/**
 * Makes the function that notes an arrival: one per process, so that fills which are joined note it
 * once.
 */
export function createArrival(dependencies: Dependencies): OnVerified {
  return async (digest: Digest) => {
    await recordVerified(digest, dependencies);
    await dependencies.ledger.settle(digest);
  };
}

/**
 * Where the bytes were removed as garbage, looks for them again: they may have come later.
 * @throws StorageUnavailable where they are not here after all
 */
async function recordVerified(
  digest: Digest,
  { replicas, blobStore, clock }: Dependencies,
): Promise<void> {
  try {
    await replicas.recordVerified(digest, clock.now());
  } catch (error) {
    if (!(error instanceof BytesRemoved)) throw error;
    const isHere = error.removal !== undefined && (await blobStore.find(digest));
    if (!isHere) throw new StorageUnavailable(`${digest} was removed while it came`);
    await replicas.recordVerified(digest, clock.now(), error.removal);
  }
}
