/**
 * Holds the primary's feed, from this site's position on, for as long as this site is a secondary.
 */
import type { Clock } from '../src/clock.ts';
import { parseFeedMessage } from '../src/geo/feed-message.ts';
import type { SiteRole } from '../src/geo/role.ts';
import type { Log } from '../src/log.ts';
import type { Randomness } from '../src/randomness.ts';
import type { Change, ChangeLog } from '../src/storage/change-log.ts';
import type { PrimarySite } from '../src/storage/primary-site.ts';
import type { Apply } from './apply.ts';
import { type Pace, pauseMs } from './backoff.ts';
import { gather } from './gather.ts';

export interface FollowOptions {
  readonly primarySite: Pick<PrimarySite, 'openFeed'>;
  readonly changeLog: Pick<ChangeLog, 'head'>;
  readonly role: Pick<SiteRole, 'hear'>;
  readonly apply: Apply;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
}

const PACE: Pace = { firstMs: 200, longestMs: 5000 };

/** What goes into one transaction at most. */
const FULL = { items: 1000, characters: 8 * 1024 * 1024 };

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

/** Follows one feed until it ends, which it does by throwing. */
async function followOnce(
  options: FollowOptions,
  signal: AbortSignal,
  onHeard: () => void,
): Promise<void> {
  const after = await options.changeLog.head();
  // What goes wrong here closes the line as well.
  const line = new AbortController();
  const lines = await options.primarySite.openFeed(after, AbortSignal.any([signal, line.signal]));
  try {
    for await (const group of gather(lines, FULL)) {
      await take(options, group);
      onHeard();
    }
  } finally {
    line.abort();
  }
}

async function take({ role, apply }: FollowOptions, lines: readonly string[]): Promise<void> {
  const changes: Change[] = [];
  for (const line of lines) {
    const message = parseFeedMessage(line);
    if (message.kind === 'change') changes.push(message.change);
    else await role.hear(message.epoch);
  }
  if (changes.length > 0) await apply(changes);
}
