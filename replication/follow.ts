/**
 * Holds the primary's feed, from this site's position on, for as long as this site is a secondary.
 */
import type { Clock } from '../src/clock.ts';
import { type Heartbeat, parseFeedMessage } from '../src/geo/feed-message.ts';
import type { SiteRole } from '../src/geo/role.ts';
import type { Log } from '../src/log.ts';
import type { Randomness } from '../src/randomness.ts';
import type { Change, ChangeLog, Proof } from '../src/storage/change-log.ts';
import type { PrimarySite } from '../src/storage/geo/primary-site.ts';
import { UpstreamFailure } from '../src/storage/upstream.ts';
import type { Apply } from './apply.ts';
import { type Pace, pauseMs } from './backoff.ts';
import { gather } from './gather.ts';

export interface FollowOptions {
  readonly primarySite: Pick<PrimarySite, 'openFeed'>;
  readonly changeLog: Pick<ChangeLog, 'head' | 'recordProof'>;
  readonly role: Pick<SiteRole, 'hear'>;
  readonly apply: Apply;
  /** Takes over all facts of the primary. */
  readonly takeSnapshot: (signal: AbortSignal) => Promise<void>;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
}

const PACE: Pace = { firstMs: 200, longestMs: 5000 };

/**
 * What goes into one transaction at most. It pays for its statements by then; what was verified
 * meanwhile is noted between two of them.
 */
const FULL = { items: 500, characters: 8 * 1024 * 1024 };

/**
 * Two clocks may run apart by so much of the time that they measure, and the primary's heartbeats
 * count from the opening. So a proof is taken to be older by that, and a feed is opened anew before
 * it amounts to much.
 */
const DRIFT = 0.001;
const RENEWAL_MS = 60_000;

/** A proof without changes is a write of its own: no more of them than that. */
const PROOF_PAUSE_MS = 200;

/** Follows until the signal aborts; a feed that breaks is opened again. Never throws. */
export async function follow(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { clock, randomness, log } = options;
  let tries = 0;
  while (!signal.aborted) {
    try {
      await followOnce(options, signal, () => {
        if (tries > 0) log.info('the feed of the primary is open again');
        tries = 0;
      });
    } catch (error) {
      if (signal.aborted) return;
      tries += 1;
      if (tries === 1) log.warn({ err: error }, 'the feed of the primary broke off');
      await clock.sleep(pauseMs(PACE, tries, randomness), signal).catch(() => undefined);
    }
  }
}

/** Follows one feed until it is due to be opened anew, or ends, which it does by throwing. */
async function followOnce(
  options: FollowOptions,
  signal: AbortSignal,
  onHeard: () => void,
): Promise<void> {
  const { changeLog, clock, primarySite } = options;
  const after = await changeLog.head();
  // What goes wrong here closes the line as well.
  const line = new AbortController();
  const openedMs = clock.elapsedMs();
  const ending = AbortSignal.any([signal, line.signal]);
  const lines = await primarySite.openFeed(after, ending).catch(ifNotTrimmed);
  if (!lines) return options.takeSnapshot(signal);
  let provenMs = Number.NEGATIVE_INFINITY;
  try {
    for await (const group of gather(lines, FULL)) {
      const { changes, beat } = await read(options, group);
      const nowMs = clock.elapsedMs();
      const proof = beat && toProof(beat, nowMs - openedMs);
      if (changes.length > 0) await options.apply(changes, proof);
      else if (proof && nowMs - provenMs > PROOF_PAUSE_MS) await changeLog.recordProof(proof);
      else continue;
      if (proof) provenMs = nowMs;
      onHeard();
      if (nowMs - openedMs > RENEWAL_MS) return;
    }
  } finally {
    line.abort();
  }
}

/** Nothing, where the primary has forgotten what lies behind our position. */
function ifNotTrimmed(error: unknown): undefined {
  if (error instanceof UpstreamFailure && error.status === 410) return undefined;
  throw error;
}

interface Heard {
  readonly changes: readonly Change[];
  /** The last one. No change behind it is needed for what it proves. */
  readonly beat?: Heartbeat;
}

async function read({ role }: FollowOptions, lines: readonly string[]): Promise<Heard> {
  const messages = lines.map(parseFeedMessage);
  const changes = messages.flatMap((message) =>
    message.kind === 'change' ? [message.change] : [],
  );
  const beat = messages.findLast((message) => message.kind === 'heartbeat');
  if (beat) await role.hear(beat.epoch);
  return { changes, ...(beat ? { beat } : {}) };
}

/** The feed was opened after we noted the time, so what is proven is no older than we take it. */
function toProof({ position, sinceOpenMs }: Heartbeat, sinceOpenHereMs: number): Proof {
  return { position, ageMs: Math.max(0, sinceOpenHereMs - sinceOpenMs * (1 - DRIFT)) };
}
