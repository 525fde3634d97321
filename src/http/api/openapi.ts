/**
 * The OpenAPI 3.1 document of the management API, at `GET /api/v1/openapi.json` and in
 * `docs/api/openapi.json`. A test compares its operations with the routes that there are.
 */
import { Router } from '@koa/router';
import { type ZodType, z } from 'zod';
import { jsonAnswer, writeAnswer } from '../answer.ts';
import { tokenShape } from './access-tokens.ts';
import { accountShape, passwordShape } from './accounts.ts';
import { cutShape, factsShape } from './checksums.ts';
import { EVENTS } from './events/operations.ts';
import { garbageRunShape, garbageUndoShape } from './lifecycle/garbage.ts';
import {
  protectionShape,
  quotaShape,
  retentionRunShape,
  retentionShape,
} from './lifecycle/shapes.ts';
import { orderShape } from './orders.ts';
import { ACCOUNTS_QUERY, PEOPLE } from './people/operations.ts';
import { answerReference } from './reference/page.ts';
import { reportShape } from './reports.ts';
import { settingsShape } from './settings/settings.ts';
import { siteFiguresShape } from './site-figures.ts';
import { invitationShape, joinShape, whereShape } from './sites.ts';
import { TREE } from './tree/operations.ts';
import { purgeShape, registryShape, uploadTokenShape, upstreamShape } from './virtual/shapes.ts';

interface Details {
  /** What the body of the request must be. */
  readonly body?: ZodType;
  /** What the body of the answer is, where it has a shape of its own. */
  readonly answer?: ZodType;
  /** Query parameters, by name. */
  readonly query?: Readonly<Record<string, string>>;
  /** Who asks, where it is no account. */
  readonly caller?: 'anybody' | 'site' | 'joinToken' | 'eventToken';
}

export type Operation = readonly [
  route: string,
  status: number,
  summary: string,
  details?: Details | undefined,
];

/** What a site says of itself, and what is known of it besides. */
const statusShape = siteFiguresShape.and(
  z.object({ heardSecondsAgo: z.number().nonnegative(), place: whereShape.shape.place }),
);

const PAGE = { n: 'At most so many; 1000 by default.', last: 'Only what comes behind this one.' };

/** Where a policy is set; '' stands for the whole registry. */
const POLICY_PATH = { path: 'A path of the tree of names; empty for the whole registry.' };
const POLICY_PAGE = { ...PAGE, path: 'Only those of exactly this path.' };

const OPERATIONS: readonly Operation[] = [
  ['GET /api/v1/openapi.json', 200, 'This document.', { caller: 'anybody' }],
  ['GET /api/v1/docs', 200, 'The same for people, as a page.', { caller: 'anybody' }],
  ...PEOPLE,
  ['GET /api/v1/accounts', 200, 'List the accounts.', { query: { ...PAGE, ...ACCOUNTS_QUERY } }],
  ['GET /api/v1/accounts/{name}', 200, 'An account and what it may.'],
  [
    'PUT /api/v1/accounts/{name}',
    200,
    'Create (201) or change an account.',
    { body: accountShape },
  ],
  ['DELETE /api/v1/accounts/{name}', 204, 'Delete an account.'],
  ['PUT /api/v1/accounts/{name}/password', 204, 'Set a password.', { body: passwordShape }],
  ['DELETE /api/v1/accounts/{name}/tokens', 204, 'End all tokens of an account.'],
  ['GET /api/v1/accounts/{name}/access-tokens', 200, 'List access tokens.'],
  ['POST /api/v1/accounts/{name}/access-tokens', 201, 'Make one.', { body: tokenShape }],
  ['DELETE /api/v1/accounts/{name}/access-tokens/{id}', 204, 'End an access token.'],
  ...TREE,
  ['GET /api/v1/sites', 200, 'List the sites, and how each is.'],
  ['POST /api/v1/sites', 201, 'Invite a site.', { body: invitationShape }],
  ['POST /api/v1/sites/join', 200, 'Join.', { body: joinShape, caller: 'joinToken' }],
  ['DELETE /api/v1/sites/{name}', 204, 'Cut a site off.'],
  ['POST /api/v1/sites/{name}/pause', 204, 'Let a site copy no blobs for now.'],
  ['POST /api/v1/sites/{name}/resume', 204, 'Let it copy blobs again.'],
  ['GET /api/v1/sites/{name}/status', 200, 'How a site is.', { answer: statusShape }],
  ['GET /api/v1/sites/{name}/failures', 200, 'What fails at this site.', { query: PAGE }],
  ['GET /api/v1/sites/{name}/orders', 200, 'What this site was ordered to do.'],
  ['POST /api/v1/sites/{name}/orders', 202, 'Order a site to do it.', { body: orderShape }],
  [
    'PUT /api/v1/sites/{name}/report',
    204,
    'Say how one is.',
    { body: reportShape, caller: 'site' },
  ],
  ['GET /api/v1/repositories/{name}/manifests/{reference}/sites', 200, 'Where an image is whole.'],
  [
    'GET /api/v1/repositories/{name}/manifests/{reference}/wait',
    200,
    'Wait until an image is whole at the sites; 408 where it is not in time.',
    { query: { sites: 'Names with commas; all by default.', timeout: 'Such as 30s or 5m.' } },
  ],
  ...EVENTS,
  ['GET /api/v1/virtual_registries', 200, 'List the virtual registries.', { query: PAGE }],
  ['GET /api/v1/virtual_registries/{name}', 200, 'A virtual registry.'],
  [
    'PUT /api/v1/virtual_registries/{name}',
    200,
    'Create (201) or change a virtual registry, and the order of its upstreams.',
    { body: registryShape },
  ],
  ['DELETE /api/v1/virtual_registries/{name}', 204, 'Delete it; its upstreams stay.'],
  [
    'POST /api/v1/virtual_registries/{name}/purge',
    200,
    'Purge the caches of all sites of the upstreams that no other registry lists.',
  ],
  ['GET /api/v1/virtual_registries/{name}/statistics', 200, 'What its cache saved at this site.'],
  [
    'POST /api/v1/virtual_registries/{name}/upload_tokens',
    201,
    'Get a token that hands over one object to its cache at this site.',
    { body: uploadTokenShape },
  ],
  ['GET /api/v1/virtual_upstreams', 200, 'List the upstreams.', { query: PAGE }],
  ['GET /api/v1/virtual_upstreams/{name}', 200, 'An upstream, without its password.'],
  [
    'PUT /api/v1/virtual_upstreams/{name}',
    200,
    'Create (201) or change an upstream.',
    { body: upstreamShape },
  ],
  ['DELETE /api/v1/virtual_upstreams/{name}', 204, 'Delete it with what is cached of it.'],
  ['POST /api/v1/virtual_upstreams/{name}/test', 200, 'Whether this site reaches it.'],
  [
    'POST /api/v1/virtual_upstreams/{name}/purge',
    204,
    'Purge the caches of all sites of an entry, an image, or all of it.',
    { body: purgeShape },
  ],
  [
    'GET /api/v1/virtual_upstreams/{name}/entries',
    200,
    'What this site has cached of it, by image.',
    { query: { ...PAGE, prefix: 'Only images whose path begins like this.' } },
  ],
  [
    'GET /api/v1/settings',
    200,
    'What this site was set to, without what is secret.',
    { answer: settingsShape },
  ],
  ['GET /api/v1/garbage', 200, 'What waits to be collected here, and what the last run did.'],
  ['POST /api/v1/garbage/run', 200, 'Collect what is due here.', { body: garbageRunShape }],
  [
    'POST /api/v1/garbage/undo',
    200,
    'Bring back what was collected, as far as it is kept.',
    { body: garbageUndoShape },
  ],
  ['GET /api/v1/protections', 200, 'List protections of tags.', { query: POLICY_PAGE }],
  [
    'PUT /api/v1/protections/{name}',
    200,
    'Create (201) or replace a protection.',
    { body: protectionShape, query: POLICY_PATH },
  ],
  ['DELETE /api/v1/protections/{name}', 204, 'Delete a protection.', { query: POLICY_PATH }],
  ['GET /api/v1/retentions', 200, 'List retentions.', { query: POLICY_PAGE }],
  [
    'PUT /api/v1/retentions/{name}',
    200,
    'Create (201) or replace a retention.',
    { body: retentionShape, query: POLICY_PATH },
  ],
  ['DELETE /api/v1/retentions/{name}', 204, 'Delete a retention.', { query: POLICY_PATH }],
  [
    'POST /api/v1/retentions/run',
    200,
    'Delete the tags that no retention keeps, or say which.',
    { body: retentionRunShape },
  ],
  ['GET /api/v1/quotas', 200, 'List quotas, and what is used of them.', { query: POLICY_PAGE }],
  [
    'PUT /api/v1/quotas',
    200,
    'Set (201) or change a quota.',
    { body: quotaShape, query: POLICY_PATH },
  ],
  ['DELETE /api/v1/quotas', 204, 'Delete a quota.', { query: POLICY_PATH }],
  [
    'GET /api/v1/snapshot',
    200,
    'All facts by pages.',
    { query: { part: 'Which facts.', after: 'Key of the last one.' }, caller: 'site' },
  ],
  [
    'POST /api/v1/checksums',
    200,
    'Sum up the facts in ranges of their keys.',
    { body: cutShape, caller: 'site' },
  ],
  [
    'POST /api/v1/checksums/facts',
    200,
    'The facts in ranges of their keys.',
    { body: factsShape, caller: 'site' },
  ],
  [
    'GET /api/v1/feed',
    200,
    'The change log as it grows, one JSON object a line, without end.',
    { query: { after: 'The position behind which it begins.' }, caller: 'site' },
  ],
];

/** Who may ask, by the schemes below. */
const CALLERS = {
  account: [{ password: [] }, { token: [] }],
  anybody: [],
  site: [{ site: [] }],
  joinToken: [{ token: [] }],
  eventToken: [{ token: [] }],
} as const;

const SECURITY_SCHEMES = {
  password: { type: 'http', scheme: 'basic' },
  token: { type: 'http', scheme: 'bearer' },
  site: { type: 'http', scheme: 'Meridian-Site' },
};

const ERRORS = z.object({
  errors: z.array(
    z.object({ code: z.string(), message: z.string(), detail: z.unknown().optional() }),
  ),
});

export function openApiRoutes(version: string): Router {
  const router = new Router();
  const document = describeApi(version);
  router.get('/api/v1/openapi.json', (context) => writeAnswer(context, jsonAnswer(document)));
  const page = answerReference(document);
  router.get('/api/v1/docs', (context) => writeAnswer(context, page));
  return router;
}

/** The whole document. @param version of the program */
export function describeApi(version: string): Readonly<Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of OPERATIONS) {
    const [method = '', path = ''] = operation[0].split(' ');
    (paths[path] ??= {})[method.toLowerCase()] = describeOperation(path, operation);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Meridian', version, description: 'The management API of a site.' },
    components: { securitySchemes: SECURITY_SCHEMES },
    paths,
  };
}

function describeOperation(path: string, [, status, summary, details = {}]: Operation) {
  const { body, answer, query = {}, caller = 'account' } = details;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    const place = { name, in: 'path', required: true };
    return { ...place, schema: { type: 'string' } };
  });
  const inQuery = Object.entries(query).map(([name, description]) => {
    return { name, in: 'query', description, schema: { type: 'string' } };
  });
  return {
    summary,
    security: CALLERS[caller],
    parameters: [...inPath, ...inQuery],
    ...(body ? { requestBody: { required: true, content: describeJson(body) } } : {}),
    responses: {
      [status]: {
        description: 'It is done.',
        ...(answer ? { content: describeJson(answer) } : {}),
      },
      default: { description: 'An error.', content: describeJson(ERRORS) },
    },
  };
}

function describeJson(shape: ZodType): Readonly<Record<string, unknown>> {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' });
  return { 'application/json': { schema } };
}
