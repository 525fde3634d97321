/** Sets right what differs, row by row, as the primary says that it is. */
import type { Passage } from '../../src/geo/passage.ts';
import type { Log } from '../../src/log.ts';
import { algorithmOf, type Digest, digestOf } from '../../src/oci/digest.ts';
import type { PrimarySite } from '../../src/storage/geo/primary-site.ts';
import type {
  Difference,
  KeyRange,
  PlacedPage,
  Snapshot,
  SnapshotPart,
  SnapshotRow,
} from '../../src/storage/geo/snapshot.ts';
import type { CompareOptions } from './differing.ts';

export interface SettleOptions {
  readonly primarySite: Pick<PrimarySite, 'readFacts'>;
  readonly snapshot: Pick<Snapshot, 'repair'>;
  readonly passage: Pick<Passage, 'waitFor'>;
  readonly onAnswer: CompareOptions['onAnswer'];
  readonly log: Log;
}

export interface Settled {
  readonly differences: readonly Difference[];
  /** Ranges of which nothing could be said, since what is in them kept changing. */
  readonly unsure: number;
  /** Manifests whose bytes at the primary are not those of their digest: nothing is done here. */
  readonly damagedAtPrimary: number;
}

/** So often a range is read that says nothing sure. One that was set right in part begins anew. */
const TRIES = 5;

export async function settle(
  { part, ranges }: { readonly part: SnapshotPart; readonly ranges: readonly KeyRange[] },
  options: SettleOptions,
  signal: AbortSignal,
): Promise<Settled> {
  const differences: Difference[] = [];
  let damagedAtPrimary = 0;
  let left = ranges;
  for (let tries = 0; left.length > 0 && tries < TRIES; tries++) {
    signal.throwIfAborted();
    const answer = await options.primarySite.readFacts({ part, ranges: left }, signal);
    options.onAnswer(answer);
    const again: KeyRange[] = [];
    for (const [nth, range] of left.entries()) {
      const page = { ...answer.pages[nth]!, part } as PlacedPage;
      if (isDamaged(page)) {
        damagedAtPrimary += 1;
        options.log.error({ part, key: page.rows[0]!.key }, 'a manifest is damaged at the primary');
        continue;
      }
      const repair = await repairPage(page, options);
      if (repair.differences.length > 0) tries = 0;
      differences.push(...repair.differences);
      if (!repair.isSettled) again.push(range);
      else if (page.through?.join(' ') !== range.through?.join(' ')) {
        again.push({ ...range, after: page.through! });
      }
    }
    left = again;
  }
  return { differences, unsure: left.length, damagedAtPrimary };
}

async function repairPage(page: PlacedPage, { passage, snapshot, log }: SettleOptions) {
  if (!(await passage.waitFor(page.position))) {
    throw new Error('this site has not caught up with its primary, so nothing can be compared');
  }
  const repair = await snapshot.repair(page);
  for (const { key, kind } of repair.differences) {
    log.warn({ part: page.part, key, kind }, 'a fact was not as at the primary: it is set right');
  }
  return repair;
}

/** A page that cannot be right is none to repair by. */
function isDamaged({ part, rows }: PlacedPage): boolean {
  return part === 'manifests' && !rows.every(hasItsBytes);
}

function hasItsBytes({ key, fact }: SnapshotRow): boolean {
  const digest = key[1] as Digest;
  const { content } = fact as { readonly content?: string } & SnapshotRow['fact'];
  return digestOf(Buffer.from(content ?? '', 'base64'), algorithmOf(digest)) === digest;
}
