/** The operations on events, for the OpenAPI document. */
import { EXTERNAL_STATES } from '../../../storage/events/external-images.ts';
import type { Operation } from '../openapi.ts';
import { redeliverShape, webhookShape } from '../webhooks.ts';
import { ACTIVITY_QUERY } from './activity.ts';
import { retryShape } from './external-images.ts';
import { pullsShape } from './pulls.ts';
import { envelopeShape } from './registry-events.ts';

const PAGE = { n: 'At most so many; 1000 by default.', last: 'Only what comes behind this one.' };

export const EVENTS: readonly Operation[] = [
  [
    'GET /api/v1/activity',
    200,
    'Who pushed, deleted and moved what, the newest first.',
    { query: { ...PAGE, ...ACTIVITY_QUERY } },
  ],
  [
    'POST /api/v1/registry_events',
    202,
    'Take what an external registry tells of its images.',
    { body: envelopeShape, caller: 'eventToken' },
  ],
  ['GET /api/v1/registry_events/token', 200, 'The token for it.'],
  ['POST /api/v1/registry_events/token', 200, 'Another token; the one before holds no more.'],
  [
    'GET /api/v1/external_images',
    200,
    'What external registries told, and how far it is copied here, the newest first.',
    { query: { ...PAGE, state: `Only these: ${EXTERNAL_STATES.join(', ')}.` } },
  ],
  [
    'POST /api/v1/external_images/retry',
    202,
    'Copy one that was given up again, or each of them.',
    { body: retryShape },
  ],
  ['GET /api/v1/webhooks', 200, 'List the webhooks.'],
  ['GET /api/v1/webhooks/{name}', 200, 'A webhook, and how much waits for it.'],
  ['PUT /api/v1/webhooks/{name}', 200, 'Create (201) or change a webhook.', { body: webhookShape }],
  ['DELETE /api/v1/webhooks/{name}', 204, 'Delete a webhook with what waits for it.'],
  [
    'GET /api/v1/webhooks/{name}/deliveries',
    200,
    'What it was told or is to be told, the newest first.',
    { query: { ...PAGE, state: 'These alone: waiting, delivered or dead.' } },
  ],
  [
    'POST /api/v1/webhooks/{name}/redeliver',
    202,
    'Tell it an event again, or each that was given up.',
    { body: redeliverShape },
  ],
  [
    'POST /api/v1/sites/{name}/pulls',
    200,
    'Have pulls at a site told, and learn whether more are wanted.',
    { body: pullsShape, caller: 'site' },
  ],
];
