/**
 * What happens once a blob was brought here and every byte of it was hashed, whoever brought it.
 */
import type { Clock } from '../clock.ts';
import type { Digest } from '../oci/digest.ts';
import type { OnVerified } from '../registry/fill.ts';
import type { Ledger } from '../storage/geo/ledger.ts';
import type { Replicas } from '../storage/geo/replicas.ts';

interface Dependencies {
  readonly replicas: Pick<Replicas, 'recordVerified'>;
  readonly ledger: Pick<Ledger, 'settle'>;
  readonly clock: Clock;
}

/**
 * Makes the function that notes an arrival: one per process, so that fills which are joined note it
 * once.
 */
export function createArrival({ replicas, ledger, clock }: Dependencies): OnVerified {
  return async (digest: Digest) => {
    await replicas.recordVerified(digest, clock.now());
    await ledger.settle(digest);
  };
}
