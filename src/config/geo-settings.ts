/** Settings of a site that is one of several. */
import { given, optional } from './setting.ts';
import * as value from './values.ts';

export const GEO = {
  primaryUrl: optional({
    variable: 'MERIDIAN_PRIMARY_URL',
    kind: value.origin,
    group: 'Several sites',
    meaning: 'Address of the primary site. Given, this site is a secondary of it.',
  }),
  joinToken: optional({
    variable: 'MERIDIAN_JOIN_TOKEN',
    kind: value.text,
    isSecret: true,
    group: 'Several sites',
    meaning: 'What `meridian site add` printed, for the first start of a secondary.',
  }),
  place: optional({
    variable: 'MERIDIAN_PLACE',
    kind: value.place,
    group: 'Several sites',
    meaning:
      'Where this site stands: latitude and longitude in degrees, such as `38.72,-9.14`. Other ' +
      'sites and the operator see it. Without it, what was said last stays.',
  }),
  writes: given({
    variable: 'MERIDIAN_WRITES',
    kind: value.oneOf(['proxy', 'redirect']),
    fallback: 'proxy',
    group: 'Several sites',
    meaning:
      'How the bytes of a push at a secondary reach the primary: through this site, which keeps ' +
      'them, or by a redirect of the client to the `MERIDIAN_PUBLIC_URL` of the primary.',
  }),
  replication: given({
    variable: 'MERIDIAN_REPLICATION',
    kind: value.oneOf(['embedded', 'separate']),
    fallback: 'embedded',
    group: 'Several sites',
    meaning: 'Whether `meridian serve` replicates as well, or `meridian worker` does it apart.',
  }),
  consistency: given({
    variable: 'MERIDIAN_CONSISTENCY',
    kind: value.consistency,
    fallback: 'bounded:10s',
    group: 'Several sites',
    meaning:
      'How fresh a secondary answers. `strong`: it asks the primary about each tag and manifest. ' +
      '`bounded:10s`: it answers by itself while it provably lags less. `eventual`: it answers ' +
      'what it knows. A request may ask for another by the header `Meridian-Consistency`. ' +
      'What is unknown here is always asked at the primary.',
  }),
  whenPrimaryAway: given({
    variable: 'MERIDIAN_WHEN_PRIMARY_AWAY',
    kind: value.oneOf(['serve-stale', 'refuse']),
    fallback: 'serve-stale',
    group: 'Several sites',
    meaning:
      'What a secondary does where it has to ask the primary and cannot: serve-stale answers ' +
      'what is known here, with a warning; refuse answers 503.',
  }),
  transfers: given({
    variable: 'MERIDIAN_TRANSFERS',
    kind: value.count(1, 64),
    fallback: '4',
    group: 'Several sites',
    meaning: 'How many blobs the worker copies at once.',
  }),
  bandwidth: given({
    variable: 'MERIDIAN_BANDWIDTH',
    kind: value.bandwidth,
    fallback: 'unlimited',
    group: 'Several sites',
    meaning:
      'How fast the worker copies at most: `10MB/s`, or by the time of the machine ' +
      '`22:00-06:00=unlimited, 06:00-22:00=10MB/s`. What a client waits for is not limited.',
  }),
  sync: given({
    variable: 'MERIDIAN_SYNC',
    kind: value.patterns,
    fallback: '**',
    group: 'Several sites',
    meaning:
      'Path patterns of the repositories whose blobs are copied here. Others are answered all ' +
      'the same, and their blobs are fetched when they are asked for.',
  }),
  logRetentionMs: given({
    variable: 'MERIDIAN_LOG_RETENTION',
    kind: value.duration('1h', '3650d'),
    fallback: '14d',
    group: 'Several sites',
    meaning:
      'How long changes are kept for a site that is away. One that comes back later begins by a ' +
      'snapshot of all facts.',
  }),
  reverifyAfterMs: given({
    variable: 'MERIDIAN_REVERIFY_AFTER',
    kind: value.duration('1h', '3650d'),
    fallback: '30d',
    group: 'Several sites',
    meaning: 'After how long a blob is read and hashed again, to find what the disk has lost.',
  }),
};
