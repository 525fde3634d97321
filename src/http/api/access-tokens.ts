/** Access tokens of an account, under `/api/v1/accounts/<name>/access-tokens`. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import type { AccessToken } from '../../storage/accounts.ts';
import { emptyAnswer, jsonAnswer, writeAnswer } from '../answer.ts';
import { readJson } from '../read-body.ts';
import { type AccountDependencies, actionsShape, patternShape, readName } from './accounts.ts';
import { requireKeeper } from './people/keepers.ts';

export const patternsShape = z.array(patternShape).max(100);

export const tokenShape = z.strictObject({
  label: z.string().min(1).max(200),
  actions: actionsShape.default([]),
  patterns: patternsShape.default([]),
  expiresAt: z.iso.datetime({ offset: true }).optional(),
});

export function accessTokenRoutes(dependencies: AccountDependencies): Router {
  const router = new Router({ prefix: '/api/v1/accounts/:name/access-tokens' });
  router.get('/', (context) => listTokens(context, dependencies));
  router.post('/', (context) => postToken(context, dependencies));
  router.delete('/:id', (context) => deleteToken(context, dependencies));
  return router;
}

async function listTokens(context: Context, dependencies: AccountDependencies): Promise<void> {
  const account = readName(context);
  await requireKeeper(context, dependencies, { name: account, isForOneself: true });
  const tokens = await dependencies.roster.listAccessTokens(account);
  await writeAnswer(context, jsonAnswer({ accessTokens: tokens.map(printToken) }));
}

/** The answer holds the secret, this once. */
async function postToken(context: Context, dependencies: AccountDependencies): Promise<void> {
  const account = readName(context);
  const keeper = await requireKeeper(context, dependencies, { name: account, isForOneself: true });
  const { expiresAt, ...shape } = await readJson(context, tokenShape);
  const expiry = expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) };
  const wanted = { account, ...shape, ...expiry };
  const { token, secret } = await dependencies.roster.createAccessToken(wanted, keeper);
  const answer = jsonAnswer({ ...printToken(token), secret }, { 'Cache-Control': 'no-store' });
  await writeAnswer(context, { ...answer, status: 201 });
}

async function deleteToken(context: Context, dependencies: AccountDependencies): Promise<void> {
  const account = readName(context);
  await requireKeeper(context, dependencies, { name: account, isForOneself: true });
  await dependencies.roster.deleteAccessToken(account, String(context['params']?.id));
  await writeAnswer(context, emptyAnswer(204));
}

/** What may be seen of it: never the hash of its secret. */
export function printToken(token: AccessToken): Readonly<Record<string, unknown>> {
  const { secretHash: _, expiresAt, ...rest } = token;
  return { ...rest, ...(expiresAt ? { expiresAt: expiresAt.toISOString() } : {}) };
}
