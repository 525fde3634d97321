/** The operations on people and what they may, for the OpenAPI document. */
import type { Operation } from '../openapi.ts';
import { signInShape } from './session.ts';

export const PEOPLE: readonly Operation[] = [
  ['GET /api/v1/session', 200, 'Who one is, and what one may.'],
  [
    'POST /api/v1/session',
    200,
    'Sign in: the answer brings a cookie, and the token that each write by it shows.',
    { body: signInShape, caller: 'anybody' },
  ],
  ['DELETE /api/v1/session', 204, 'Sign out.'],
];
