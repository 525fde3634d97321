/** Reads the primary's cache of one upstream, over the line that is open to it. */
import type { Clock } from '../../clock.ts';
import type { Upstream } from '../upstream.ts';
import type { Line, LineRequest } from './line.ts';
import { RangedUpstream } from './ranges.ts';
import { DistributionUpstream } from './upstream.ts';

/** By it the primary answers from that upstream alone; it counts in a site's own requests. */
const UPSTREAM_HEADER = 'meridian-upstream';

/** The primary may have to ask the upstream first: this is no question among two sites. */
const LIMIT_MS = 30_000;

/** @returns what opens the relay of an upstream; the same one for the same name */
export function createRelays(line: Line, clock: Clock): (upstream: string) => Upstream {
  const relays = new Map<string, Upstream>();
  return (upstream) => {
    const known = relays.get(upstream);
    if (known) return known;
    const about = new DistributionUpstream(lineAbout(line, upstream));
    const relay = new RangedUpstream(about, clock);
    relays.set(upstream, relay);
    return relay;
  };
}

function lineAbout(line: Line, upstream: string): Pick<Line, 'ask' | 'reportBroken'> {
  const say = (wanted: LineRequest): LineRequest => {
    const headers = { ...wanted.headers, [UPSTREAM_HEADER]: upstream };
    const isQuestion = wanted.limitMs !== undefined;
    const limits = isQuestion
      ? { limitMs: LIMIT_MS, bodyTimeoutMs: LIMIT_MS }
      : { headTimeoutMs: LIMIT_MS };
    return { ...wanted, headers, ...limits };
  };
  return {
    ask: (wanted) => line.ask(say(wanted)),
    // What breaks off may do so because of the upstream.
    reportBroken: () => undefined,
  };
}
