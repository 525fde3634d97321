/** Settings of what is kept of who did what. */
import { given } from './setting.ts';
import * as value from './values.ts';

export const ACTIVITY = {
  activityRetentionMs: given({
    variable: 'MERIDIAN_ACTIVITY_RETENTION',
    kind: value.duration('1h', '3650d'),
    fallback: '90d',
    group: 'Activity',
    meaning:
      'For how long the activity feed is kept, and what external registries told of their images.',
  }),
};
