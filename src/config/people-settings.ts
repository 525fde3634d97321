/** Settings of how people sign in, and how often anybody may ask. */
import { given } from './setting.ts';
import * as value from './values.ts';

const group = 'Access';

export const PEOPLE = {
  sessionLifetimeMs: given({
    variable: 'MERIDIAN_SESSION_LIFETIME',
    kind: value.duration('1m', '90d'),
    fallback: '12h',
    group,
    meaning: 'How long a browser stays signed in.',
  }),
};
