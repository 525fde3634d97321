/** Fills the ledger from the truth: at start, and whenever it was lost. */
import type { Clock } from '../src/clock.ts';
import type { Bell } from '../src/geo/bell.ts';
import type { Log } from '../src/log.ts';
import type { Digest } from '../src/oci/digest.ts';
import { type PathPattern } from '../src/oci/path-pattern.ts';
import type { Ledger } from '../src/storage/geo/ledger.ts';
import type { Replicas } from '../src/storage/geo/replicas.ts';

export interface RefillOptions {
  readonly replicas: Pick<Replicas, 'listWanted'>;
  readonly ledger: Pick<Ledger, 'want' | 'isFilled' | 'recordFilling'>;
  /** Which repositories' blobs are copied here. */
  readonly selection: readonly PathPattern[];
  readonly clock: Clock;
  readonly log: Log;
  /** Called once blobs are wanted. */
  readonly onWanted: () => void;
}

const PAGE = 1000;

/** How soon it is noticed that the ledger was lost, and how soon filling it is tried again. */
const LOOK_MS = 2000;

/**
 * Fills the ledger at start, when it was lost, and when the bell is rung since it missed something.
 * Until the signal aborts; never throws.
 */
export async function keepFilled(
  { bell, ...options }: RefillOptions & { readonly bell: Bell },
  signal: AbortSignal,
): Promise<void> {
  const { ledger, log } = options;
  let isDue = true;
  while (!signal.aborted) {
    try {
      // One that was lost once more while it was filled lacks what was told before.
      if (isDue || !(await ledger.isFilled())) isDue = !(await refill(options));
    } catch (error) {
      log.warn({ err: error }, 'the ledger cannot be filled now');
      isDue = true;
    }
    const isRung = await bell.wait(LOOK_MS, signal);
    isDue ||= isRung;
  }
}

/**
 * Wants every blob that the facts name and this site was not proven to hold. Idempotent; what
 * arrives meanwhile is found to be here when its turn comes.
 *
 * @returns whether the ledger holds them all
 */
async function refill(options: RefillOptions): Promise<boolean> {
  const { replicas, ledger, log, onWanted, selection } = options;
  let count = 0;
  let after: Digest | undefined;
  await ledger.recordFilling('begun');
  for (;;) {
    const page = await replicas.listWanted({ ...(after ? { after } : {}), limit: PAGE, selection });
    await ledger.want(page.map((blob) => ({ ...blob, lane: 'backfill' })));
    count += page.length;
    if (page.length > 0) onWanted();
    after = page.at(-1)?.digest;
    if (page.length < PAGE) break;
  }
  const isFilled = await ledger.recordFilling('done');
  if (isFilled) log.info({ count }, 'the ledger was filled with what this site lacks');
  return isFilled;
}
