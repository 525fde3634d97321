/** The operations on people and what they may, for the OpenAPI document. */
import type { Operation } from '../openapi.ts';
import { groupShape } from './account-groups.ts';
import { AUDIT_QUERY } from './audit.ts';
import { rotationShape } from './rotation.ts';
import { signInShape } from './session.ts';

const PAGE = { n: 'At most so many; 1000 by default.', last: 'Only what comes behind this one.' };

/** Of the list of accounts, beside its pages. */
export const ACCOUNTS_QUERY = {
  kind: 'These alone: person or robot.',
  owner: 'Robots alone that this path owns, or one below it; for who administers it.',
};

export const PEOPLE: readonly Operation[] = [
  ['GET /api/v1/session', 200, 'Who one is, and what one may.'],
  [
    'POST /api/v1/session',
    200,
    'Sign in: the answer brings a cookie, and the token that each write by it shows.',
    { body: signInShape, caller: 'anybody' },
  ],
  ['DELETE /api/v1/session', 204, 'Sign out.'],
  ['GET /api/v1/session/methods', 200, 'How one may sign in.', { caller: 'anybody' }],
  [
    'GET /api/v1/session/provider',
    302,
    'Go to the identity provider to sign in.',
    { query: { return_to: 'A path of this site.' }, caller: 'anybody' },
  ],
  [
    'GET /api/v1/session/provider/callback',
    302,
    'Come back from it with a session.',
    { query: { code: 'What it gave.', state: 'What it was given.' }, caller: 'anybody' },
  ],
  [
    'POST /api/v1/accounts/{name}/rotate',
    201,
    'Make an access token in place of all that there are.',
    { body: rotationShape },
  ],
  [
    'GET /api/v1/audit',
    200,
    'Administrative acts at this site, the newest first.',
    { query: { ...PAGE, ...AUDIT_QUERY } },
  ],
  ['GET /api/v1/account_groups', 200, 'List the groups of accounts.', { query: PAGE }],
  ['GET /api/v1/account_groups/{name}', 200, 'A group, and what its members may.'],
  [
    'PUT /api/v1/account_groups/{name}',
    200,
    'Create (201) or change a group.',
    { body: groupShape },
  ],
  ['DELETE /api/v1/account_groups/{name}', 204, 'Delete a group; its members leave it.'],
  ['GET /api/v1/account_groups/{name}/members', 200, 'List its members.', { query: PAGE }],
  ['PUT /api/v1/account_groups/{name}/members/{account}', 204, 'Let an account join.'],
  ['DELETE /api/v1/account_groups/{name}/members/{account}', 204, 'Let it leave.'],
];
