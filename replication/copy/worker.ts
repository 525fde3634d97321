/** The worker: claims a wanted blob, brings it here, and settles it; or says why it could not. */
import type { Clock } from '../../src/clock.ts';
import type { Bell } from '../../src/geo/bell.ts';
import type { Log } from '../../src/log.ts';
import type { Randomness } from '../../src/randomness.ts';
import { StorageFull, StorageUnavailable } from '../../src/storage/failure.ts';
import {
  LANES,
  type Lane,
  type Ledger,
  type LedgerEntry,
  type Reason,
} from '../../src/storage/geo/ledger.ts';
import type { Sites } from '../../src/storage/sites.ts';
import { UpstreamFailure } from '../../src/storage/upstream.ts';
import { type Pace, pauseMs } from '../backoff.ts';
import { type BringHere, BroughtElsewhere } from './transfer.ts';

export interface WorkOptions {
  readonly ledger: Ledger;
  readonly bringHere: BringHere;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  /** Names this worker, unlike every other. */
  readonly holder: string;
  /** Those that this worker serves; all where absent. */
  readonly lanes?: readonly Lane[];
  /** While it says so, nothing is claimed; what is under way goes on. */
  readonly isPaused?: () => Promise<boolean>;
}

/** What came of looking for work. `no-line`: neither this blob nor any other can be had now. */
export type Outcome = 'settled' | 'elsewhere' | 'failed' | 'no-line' | 'idle';

class Stopped extends Error {}

/** What a worker held that was killed is under way for so long yet: no longer than nobody leads. */
const LEASE_MS = 10_000;
const RENEWAL_MS = 2500;

/** Somebody else's failed entry may be due, or a lease may have ended, without any ring. */
const IDLE_MS = 1000;

/**
 * How long one blob waits after a failure, and how long the worker does when the line is broken.
 */
const RETRY: Pace = { firstMs: 2000, longestMs: 5 * 60_000 };
const LINE: Pace = { firstMs: 500, longestMs: 10_000 };

/** How soon it is looked again at what another process of the site brings. */
const ELSEWHERE_MS = 5000;

/** How soon a pause is noticed. */
const PAUSE_KNOWN_MS = 500;

/**
 * What the worker of that number serves. Half of them never take backfill: what was pushed just now
 * then waits for nothing but the line, however much is left of the past.
 */
export function lanesOf(worker: number, workers: number): readonly Lane[] {
  return worker < Math.floor(workers / 2) ? LANES.filter((lane) => lane !== 'backfill') : LANES;
}

/** Whether the site was told to pause; shared by its workers, so that one of them asks for all. */
export function createPauseCheck(
  sites: Pick<Sites, 'findSite'>,
  site: string,
  clock: Clock,
): () => Promise<boolean> {
  let isPaused = false;
  let askedAt = Number.NEGATIVE_INFINITY;
  return async () => {
    const now = clock.now().getTime();
    if (now - askedAt < PAUSE_KNOWN_MS) return isPaused;
    isPaused = (await sites.findSite(site))?.isPaused === true;
    askedAt = now;
    return isPaused;
  };
}

/** Works until the signal aborts. Never throws. */
export async function work(options: WorkOptions, bell: Bell, signal: AbortSignal): Promise<void> {
  const { clock, randomness, log } = options;
  let tries = 0;
  while (!signal.aborted) {
    const outcome = await step(options, signal).catch((error: unknown) => {
      log.error({ err: error }, 'the worker cannot reach its ledger');
      return 'no-line' as const;
    });
    tries = outcome === 'no-line' ? tries + 1 : 0;
    if (outcome === 'idle') await bell.wait(IDLE_MS, signal);
    if (tries > 0) {
      await clock.sleep(pauseMs(LINE, tries, randomness), signal).catch(() => undefined);
    }
  }
}

async function step(options: WorkOptions, signal: AbortSignal): Promise<Outcome> {
  if (await options.isPaused?.()) return 'idle';
  return runOne(options, signal);
}

/** One step: at most one blob. A step that is aborted gives the blob back. */
export async function runOne(options: WorkOptions, signal: AbortSignal): Promise<Outcome> {
  const { ledger } = options;
  const entry = await ledger.claim(claimNow(options), options.lanes);
  if (!entry) return 'idle';
  const lease = holdLease(options, entry);
  try {
    await untilAborted(options.bringHere(entry, lease.advance), signal);
    await ledger.settle(entry.digest);
    return 'settled';
  } catch (error) {
    if (error instanceof BroughtElsewhere) return await leaveElsewhere(options, entry);
    await recordFailure(options, entry, error as Error);
    if (signal.aborted) return 'failed';
    return isOfTheLine(error) ? 'no-line' : 'failed';
  } finally {
    lease.end();
  }
}

/**
 * What the work gives, or an error as soon as the signal aborts: the work itself goes on by itself.
 */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new Stopped('the worker was stopped'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
  // Whichever loses the race is nobody's failure any more.
  work.catch(() => undefined);
  aborted.catch(() => undefined);
  try {
    await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop!);
  }
}

/** It stays under way, and is given out again unless that process settles it before. */
async function leaveElsewhere(options: WorkOptions, entry: LedgerEntry): Promise<Outcome> {
  const { digest, offset } = entry;
  const { now, holder } = claimNow(options);
  const leaseUntil = new Date(now.getTime() + ELSEWHERE_MS);
  await options.ledger.advance(digest, { holder, now, leaseUntil, offset });
  return 'elsewhere';
}

async function recordFailure(
  { ledger, clock, randomness, log, holder }: WorkOptions,
  entry: LedgerEntry,
  error: Error,
): Promise<void> {
  const { digest, attempts } = entry;
  log.warn({ err: error, digest, attempts }, 'a blob could not be brought here');
  // What met every blob says nothing of this one: it is tried again as soon as the line is.
  const pace = error instanceof Stopped || isOfTheLine(error) ? LINE : RETRY;
  const retryAt = new Date(clock.now().getTime() + pauseMs(pace, attempts, randomness));
  await ledger.fail(digest, { holder, reason: reasonOf(error), message: error.message, retryAt });
}

function reasonOf(error: Error): Reason {
  if (error instanceof StorageFull) return 'no-room';
  if (!(error instanceof UpstreamFailure))
    return error instanceof Stopped ? 'stopped' : 'store-away';
  if (error.status === undefined || error.status >= 500) return 'primary-away';
  // It answered as asked, and yet the bytes are not those of the digest.
  if (error.status === 200) return 'wrong-bytes';
  return error.status === 404 ? 'not-at-primary' : 'refused';
}

/** Says every few seconds that the transfer is alive, and how far it is. */
function holdLease(options: WorkOptions, { digest, offset: begun }: LedgerEntry) {
  const { ledger, clock, log } = options;
  const ended = new AbortController();
  let offset = begun;
  const renew = async () => {
    for (;;) {
      await clock.sleep(RENEWAL_MS, ended.signal);
      try {
        const isHeld = await ledger.advance(digest, { ...claimNow(options), offset });
        if (!isHeld) log.warn({ digest }, 'the lease of a transfer was lost');
      } catch (error) {
        // A ledger that is away for a moment is asked again: large blobs take longer than a lease.
        log.warn({ err: error, digest }, 'a lease cannot be renewed now');
      }
    }
  };
  // It ends by the signal alone.
  renew().catch(() => undefined);
  return {
    advance: (reached: number) => {
      offset = reached;
    },
    end: () => ended.abort(),
  };
}

function claimNow({ clock, holder }: WorkOptions) {
  const now = clock.now();
  return { holder, now, leaseUntil: new Date(now.getTime() + LEASE_MS) };
}

/** Whether the failure would meet every other blob as well. */
function isOfTheLine(error: unknown): boolean {
  if (error instanceof UpstreamFailure) return error.status === undefined || error.status >= 500;
  return error instanceof StorageUnavailable;
}
