/** Whether a site is well, in one sentence for people. Pure. */
import type { LedgerEntry, Reason } from '../../storage/geo/ledger.ts';
import type { SiteFigures } from '../../storage/geo/site-reports.ts';

/** Nothing heard for longer than this: the feed beats every second or two. */
export const SILENCE_SECONDS = 15;

export interface Verdict {
  readonly isHealthy: boolean;
  readonly health: string;
}

const REASON_WORDS: Readonly<Record<Reason, string>> = {
  'primary-away': 'the primary does not answer',
  'not-at-primary': 'the primary does not have them',
  'wrong-bytes': 'their bytes were not those of their digest',
  refused: 'the primary refuses to give them',
  'no-room': 'there is no room here',
  'store-away': 'the storage of this site does not answer',
  stopped: 'the transfer was stopped',
};

type Judged = Omit<SiteFigures, keyof Verdict>;

interface Troubles {
  /** Some of the entries that failed last. */
  readonly failures: readonly Pick<LedgerEntry, 'reason'>[];
  readonly isLedgerAway: boolean;
}

export function judgeHealth(figures: Judged, { failures, isLedgerAway }: Troubles): Verdict {
  if (figures.role === 'primary') return well('This is the primary; all that it has is here.');
  const { lagSeconds, blobs, isPaused, bytesBehind } = figures;
  if (lagSeconds === null) return ill('This site has not heard from its primary yet.');
  if (lagSeconds > SILENCE_SECONDS) {
    return ill(`The primary was last heard ${Math.round(lagSeconds)} seconds ago.`);
  }
  if (isLedgerAway) return ill('The ledger of transfers does not answer, so nothing is copied.');
  const reason = findMostFrequent(failures);
  if (reason !== undefined) {
    const what = blobs.failed === 1 ? 'One blob fails' : `${blobs.failed} blobs fail`;
    return ill(`${what} to come here, mostly since ${REASON_WORDS[reason]}.`);
  }
  const blobsToCome = blobs.wanted === 1 ? '1 blob' : `${blobs.wanted} blobs`;
  const lack = `${blobsToCome} with ${bytesBehind} bytes to come`;
  if (isPaused) return well(`This site is paused, with ${lack}.`);
  return well(blobs.wanted === 0 ? 'Everything is here.' : `${lack}.`);
}

/** A transfer that was stopped goes on by itself, so it is no reason to worry. */
function findMostFrequent(failures: readonly Pick<LedgerEntry, 'reason'>[]): Reason | undefined {
  const counts = new Map<Reason, number>();
  for (const { reason } of failures) {
    if (reason && reason !== 'stopped') counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].toSorted(([, one], [, other]) => other - one)[0]?.[0];
}

function well(health: string): Verdict {
  return { isHealthy: true, health };
}

function ill(health: string): Verdict {
  return { isHealthy: false, health };
}
