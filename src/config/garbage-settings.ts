/** Settings of what is collected when nobody needs it any more. */
import { given } from './setting.ts';
import * as value from './values.ts';

const group = 'Garbage';

export const GARBAGE = {
  garbageDelayMs: given({
    variable: 'MERIDIAN_GARBAGE_DELAY',
    kind: value.duration('0s', '3650d'),
    fallback: '24h',
    group,
    meaning:
      'For how long nobody needed a blob or a manifest before it is collected. No push may take ' +
      'longer from its first blob to its manifest.',
  }),
  garbageWindowMs: given({
    variable: 'MERIDIAN_GARBAGE_WINDOW',
    kind: value.duration('0s', '3650d'),
    fallback: '24h',
    group,
    meaning: 'For how long what was collected can be brought back; so long its bytes stay.',
  }),
  garbageUntagged: given({
    variable: 'MERIDIAN_GARBAGE_UNTAGGED',
    kind: value.patterns,
    fallback: 'false',
    group,
    meaning:
      'In which repositories manifests are collected that no tag, no index and no subject holds: ' +
      '`true`, `false` or path patterns.',
  }),
};
