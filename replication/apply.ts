/** From changes of the primary to facts of this site, and to blobs that are wanted. */
import type { Clock } from '../src/clock.ts';
import type { Log } from '../src/log.ts';
import type { RepositoryName } from '../src/oci/reference.ts';
import type { Change, ChangeLog, Proof } from '../src/storage/change-log.ts';
import { StorageUnavailable } from '../src/storage/failure.ts';
import type { Ledger, Want } from '../src/storage/geo/ledger.ts';

interface Dependencies {
  readonly changeLog: Pick<ChangeLog, 'apply'>;
  readonly ledger: Pick<Ledger, 'want'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once blobs are wanted. */
  readonly onWanted: () => void;
  /** Called where the ledger could not be told: it has to be filled again. */
  readonly onLedgerAway: () => void;
  /** Whether this site copies the blobs of that repository; all where absent. */
  readonly isSelected?: (repository: RepositoryName) => boolean;
}

/** Content of changes that are older was not pushed just now: it must not delay what was. */
const FRESH_MS = 10 * 60 * 1000;

export type Apply = (changes: readonly Change[], proof?: Proof) => Promise<void>;

/**
 * Makes the way to apply changes: facts and position in one transaction first, then the wants. A
 * manifest and its tag are answered from here on; its blobs follow.
 */
export function createApply(dependencies: Dependencies): Apply {
  const { changeLog, ledger, clock, log, onWanted, onLedgerAway } = dependencies;
  return async (changes, proof) => {
    await changeLog.apply(changes, proof);
    const wants = changes
      .flatMap((change) => wantsOf(change, clock.now()))
      .filter(({ repository }) => dependencies.isSelected?.(repository as RepositoryName) ?? true);
    if (wants.length === 0) return;
    try {
      await ledger.want(wants);
      onWanted();
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      // The facts are in, so nothing is lost: what is wanted can be read from them.
      log.warn({ err: error }, 'the ledger cannot be told what is wanted');
      onLedgerAway();
    }
  };
}

/** A link comes before the manifest that names its blob, so links alone say what is wanted. */
function wantsOf({ fact, at }: Change, now: Date): Want[] {
  if (fact.kind !== 'blob-linked') return [];
  const isFresh = now.getTime() - at.getTime() < FRESH_MS;
  const { digest, sizeBytes, repository } = fact;
  const lane = isFresh ? 'fresh' : 'backfill';
  return [{ digest, sizeBytes, repository, lane, since: at }];
}
