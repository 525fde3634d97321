/**
 * Takes over all facts of the primary, for a site whose position its change log has forgotten. The
 * site goes on answering: each page is one transaction.
 */
import type { Log } from '../src/log.ts';
import type { ChangeLog } from '../src/storage/change-log.ts';
import type { PrimarySite } from '../src/storage/geo/primary-site.ts';
import { SNAPSHOT_PARTS, type Snapshot, type SnapshotKey } from '../src/storage/geo/snapshot.ts';
import type { ImagePulls } from '../src/storage/tree/pulls.ts';

export interface SnapshotOptions {
  readonly primarySite: Pick<PrimarySite, 'readSnapshot'>;
  readonly snapshot: Pick<Snapshot, 'replace'>;
  readonly changeLog: Pick<ChangeLog, 'restartAt'>;
  readonly imagePulls: Pick<ImagePulls, 'forgetTold'>;
  readonly log: Log;
  /** Called when it is here: blobs may be wanted that nobody named one by one. */
  readonly onSnapshot: () => void;
}

/**
 * Where it breaks off, nothing is wrong: it is taken again from the beginning, and the position
 * stays as it was until all is here.
 */
export async function takeSnapshot(options: SnapshotOptions, signal: AbortSignal): Promise<void> {
  const { primarySite, snapshot, changeLog, imagePulls, log, onSnapshot } = options;
  log.info('the log of the primary was trimmed behind this site: a snapshot is taken');
  let begun: { readonly position: number; readonly epoch: number } | undefined;
  for (const part of SNAPSHOT_PARTS) {
    let after: SnapshotKey | undefined;
    do {
      const page = await primarySite.readSnapshot({ part, ...(after ? { after } : {}) }, signal);
      // What happens from the first page on comes once more, by the feed.
      begun ??= page;
      await snapshot.replace({ ...page, part });
      after = page.through;
    } while (after);
  }
  // A primary that was restored knows of pulls as far as its backup did.
  await imagePulls.forgetTold();
  await changeLog.restartAt(begun!.position, begun!.epoch);
  onSnapshot();
  log.info({ position: begun!.position }, 'the snapshot is here');
}
