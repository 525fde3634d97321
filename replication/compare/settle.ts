/** Sets right what differs, row by row, as the primary says that it is. */
import type { Passage } from '../../src/geo/passage.ts';
import type { Log } from '../../src/log.ts';
import { algorithmOf, type Digest, digestOf } from '../../src/oci/digest.ts';
import type { PrimarySite } from '../../src/storage/geo/primary-site.ts';
import type {
  Difference,
  KeyRange,
  PlacedPage,
  Repair,
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
    const read = left.map((range, nth) => {
      return { range, page: { ...answer.pages[nth]!, part } };
    });
    const [damaged, sound] = [true, false].map((is) => {
      return read.filter(({ page }) => isDamaged(page) === is);
    }) as [Read[], Read[]];
    for (const { page } of damaged) {
      options.log.error({ part, key: page.rows[0]!.key }, 'a manifest is damaged at the primary');
    }
    damagedAtPrimary += damaged.length;
    const pages = sound.map(({ page }) => page);
    const repairs = await repairPages(pages, options);
    const found = repairs.flatMap((repair) => repair.differences);
    if (found.length > 0) tries = 0;
    differences.push(...found);
    left = sound.flatMap((each, nth) => restOf(each, repairs[nth]!));
  }
  return { differences, unsure: left.length, damagedAtPrimary };
}

/** A range, and what the primary has in it. */
interface Read {
  readonly range: KeyRange;
  readonly page: PlacedPage;
}

/** What of a range has to be read again, if anything. */
function restOf({ range, page }: Read, { isSettled }: Repair): KeyRange[] {
  if (!isSettled) return [range];
  const isAll = page.through?.join(' ') === range.through?.join(' ');
  return isAll ? [] : [{ ...range, after: page.through! }];
}

async function repairPages(
  pages: readonly PlacedPage[],
  { passage, snapshot, log }: SettleOptions,
): Promise<Repair[]> {
  const position = Math.max(0, ...pages.map((page) => page.position));
  if (!(await passage.waitFor(position))) {
    throw new Error('this site has not caught up with its primary, so nothing can be compared');
  }
  const repairs = await snapshot.repair(pages);
  for (const [nth, { differences }] of repairs.entries()) {
    const { part } = pages[nth]!;
    for (const { key, kind } of differences) {
      log.warn({ part, key, kind }, 'a fact was not as at the primary: it is set right');
    }
  }
  return repairs;
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
