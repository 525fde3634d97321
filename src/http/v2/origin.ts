/** Where an answer came from and how old it may be, as every answer to a read says. */
import type { Origin } from '../../registry/elsewhere.ts';
import type { Headers } from '../answer.ts';

/** > 110 - "Response is Stale" (RFC 7234, 5.5.1) */
export const STALE: Headers = { Warning: '110 - "Response is Stale"' };

export function printOrigin({ source, ageMs }: Origin): Headers {
  return {
    'Meridian-Source': source,
    ...(ageMs === undefined ? {} : { 'Meridian-Age': (ageMs / 1000).toFixed(3) }),
    ...(source === 'stale' ? STALE : {}),
  };
}
