/** Settings of what is told to webhooks. */
import { given } from './setting.ts';
import * as value from './values.ts';

const group = 'Webhooks';

export const WEBHOOKS = {
  webhookNetworks: given({
    variable: 'MERIDIAN_WEBHOOK_NETWORKS',
    kind: value.networks,
    fallback: '',
    group,
    meaning:
      'Private networks that webhooks may be in, such as `10.0.0.0/8, 127.0.0.1`. Without it, ' +
      'they have public addresses only.',
  }),
  webhookTimeoutMs: given({
    variable: 'MERIDIAN_WEBHOOK_TIMEOUT',
    kind: value.duration('100ms', '60s'),
    fallback: '10s',
    group,
    meaning: 'How long a webhook may take to answer.',
  }),
  webhookAttempts: given({
    variable: 'MERIDIAN_WEBHOOK_ATTEMPTS',
    kind: value.count(1, 100_000),
    fallback: '1000',
    group,
    meaning: 'How often a delivery is tried before it is given up.',
  }),
  webhookOutbox: given({
    variable: 'MERIDIAN_WEBHOOK_OUTBOX',
    kind: value.count(1, 10_000_000),
    fallback: '100000',
    group,
    meaning:
      'How many deliveries are kept for one webhook. Beyond that the oldest that were told are ' +
      'forgotten, and then the oldest pulls; pushes and deletes are kept whatever it says.',
  }),
  webhookExpiryMs: given({
    variable: 'MERIDIAN_WEBHOOK_EXPIRY',
    kind: value.duration('1s', '90d'),
    fallback: '3d',
    group,
    meaning: 'How long a delivery is tried before it is given up.',
  }),
};
