/**
 * The messages of the feed: one JSON object a line.
 *
 *     {"kind":"change","change":{"position":7,"epoch":1,"at":"2026-…","fact":{…}}}
 *     {"kind":"heartbeat","position":7,"epoch":1,"at":"2026-…","sinceOpenMs":412}
 *
 * A heartbeat says: so long after this feed was opened, nothing lay behind this position. Whoever
 * opened it knows by its own clock when that was, so no two clocks have to agree. `at` is for
 * people.
 */
import type { Change, Fact } from '../storage/change-log.ts';

export interface Heartbeat {
  readonly kind: 'heartbeat';
  readonly position: number;
  readonly epoch: number;
  readonly at: Date;
  readonly sinceOpenMs: number;
}

export type FeedMessage = { readonly kind: 'change'; readonly change: Change } | Heartbeat;

/** One line, with its end. */
export function printFeedMessage(message: FeedMessage): string {
  return `${JSON.stringify(message)}\n`;
}

/** @throws Error where the line is no message that we know. */
export function parseFeedMessage(line: string): FeedMessage {
  const json = JSON.parse(line) as Record<string, unknown>;
  if (json['kind'] === 'heartbeat') {
    return { kind: 'heartbeat', ...readPlace(json), sinceOpenMs: readSinceOpen(json) };
  }
  if (json['kind'] !== 'change') throw new Error('the feed holds a message of an unknown kind');
  const change = json['change'] as Record<string, unknown>;
  // The primary checked what it wrote down; a fact of a kind that we lack is refused when applied.
  return { kind: 'change', change: { ...readPlace(change), fact: change['fact'] as Fact } };
}

function readSinceOpen({ sinceOpenMs }: Record<string, unknown>): number {
  if (typeof sinceOpenMs === 'number' && sinceOpenMs >= 0) return sinceOpenMs;
  throw new Error('the feed holds a heartbeat that does not say when it was');
}

function readPlace(json: Record<string, unknown>): Omit<Change, 'fact'> {
  const { position, epoch, at } = json;
  const time = new Date(String(at));
  if (!Number.isSafeInteger(position) || !Number.isSafeInteger(epoch)) {
    throw new Error('the feed holds a message without a position or an epoch');
  }
  if (Number.isNaN(time.getTime())) throw new Error('the feed holds a message without a time');
  return { position: position as number, epoch: epoch as number, at: time };
}
