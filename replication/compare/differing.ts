/**
 * Finds where the facts of this site are not as the primary's: both sum up the same ranges of keys,
 * and look closer only where the sums differ. So what goes over the line follows the number of
 * differences.
 */
import { restOf } from '../../src/geo/checksums/checksums.ts';
import type { CutAnswer, PrimarySite } from '../../src/storage/geo/primary-site.ts';
import type { KeyRange, Snapshot, SnapshotPart, Stretch } from '../../src/storage/geo/snapshot.ts';

export interface CompareOptions {
  readonly primarySite: Pick<PrimarySite, 'cutFacts'>;
  readonly snapshot: Pick<Snapshot, 'sum'>;
  /** How this site makes checksums. */
  readonly hashing: string;
  /** Called with each answer of the primary; throws where it must not be believed. */
  readonly onAnswer: (answer: { readonly epoch: number; readonly bytes: number }) => void;
  /** Called with the number of rows that were summed up at the primary. */
  readonly onCompared: (rows: number) => void;
}

/** Rows of a stretch: from the whole of a part down to a single row. */
const LEVELS = [1024, 32, 1] as const;

/** Ranges in one question; it fits into a small body, however long the names are. */
export const RANGES_A_QUESTION = 32;

interface Wanted {
  readonly part: SnapshotPart;
  readonly ranges: readonly KeyRange[];
}

/**
 * Ranges that hold one row of the primary at most, and differ here; in groups, as they are found.
 * What is written meanwhile may be among them.
 */
export async function* findDiffering(
  { part, ranges }: Wanted,
  options: CompareOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly KeyRange[]> {
  yield* descend({ part, ranges, level: 0 }, options, signal);
}

async function* descend(
  { part, ranges, level }: Wanted & { readonly level: number },
  options: CompareOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly KeyRange[]> {
  const rows = LEVELS[level];
  if (rows === undefined) {
    yield ranges;
    return;
  }
  for await (const stretches of cut({ part, ranges, rows }, options, signal)) {
    if (level === 0) options.onCompared(stretches.reduce((sum, one) => sum + one.rows, 0));
    const differing = await keepDiffering(part, stretches, options.snapshot);
    for (let from = 0; from < differing.length; from += RANGES_A_QUESTION) {
      const some = differing.slice(from, from + RANGES_A_QUESTION);
      yield* descend({ part, ranges: some, level: level + 1 }, options, signal);
    }
  }
}

/** The stretches of all ranges. The next question is under way while an answer is looked at. */
async function* cut(
  { part, ranges, rows }: Wanted & { readonly rows: number },
  { primarySite, hashing, onAnswer }: CompareOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly Stretch[]> {
  const left = [...ranges];
  const ask = () => {
    const asked = left.splice(0, RANGES_A_QUESTION);
    const answer = primarySite.cutFacts({ part, ranges: asked, rows, hashing }, signal);
    // It may fail while the one before it is looked at; that is heard when its turn comes.
    answer.catch(() => undefined);
    return { asked, answer };
  };
  let next = ask();
  for (;;) {
    const { asked } = next;
    const answer: CutAnswer = await next.answer;
    onAnswer(answer);
    left.unshift(...asked.flatMap((range, nth) => restOf(range, answer.cuts[nth]!) ?? []));
    const isMore = left.length > 0;
    if (isMore) next = ask();
    yield answer.cuts.flat();
    if (!isMore) return;
  }
}

async function keepDiffering(
  part: SnapshotPart,
  stretches: readonly Stretch[],
  snapshot: Pick<Snapshot, 'sum'>,
): Promise<KeyRange[]> {
  const own = await snapshot.sum(part, stretches);
  const differing = stretches.filter(({ checksum }, nth) => checksum !== own[nth]);
  return differing.map(({ after, through }) => ({
    ...(after ? { after } : {}),
    ...(through ? { through } : {}),
  }));
}
