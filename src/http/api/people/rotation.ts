/** `POST /api/v1/accounts/<name>/rotate`: a new secret in place of all that there were. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { rotate } from '../../../auth/people/rotation.ts';
import { jsonAnswer, writeAnswer } from '../../answer.ts';
import { readJson } from '../../read-body.ts';
import { patternsShape, printToken } from '../access-tokens.ts';
import { type AccountDependencies, actionsShape, expiryShape, readName } from '../accounts.ts';
import { requireKeeper } from './keepers.ts';

export const rotationShape = z
  .strictObject({
    label: z.string().min(1).max(200).default('rotated'),
    actions: actionsShape.optional(),
    patterns: patternsShape.optional(),
    expiresAt: expiryShape.nullable().optional(),
  })
  .meta({ description: 'Limits that are absent are those of the tokens that end.' });

export function rotationRoutes(dependencies: AccountDependencies): Router {
  const router = new Router();
  router.post('/api/v1/accounts/:name/rotate', (context) => rotateSecret(context, dependencies));
  return router;
}

/** The answer holds the secret, this once. */
async function rotateSecret(context: Context, dependencies: AccountDependencies): Promise<void> {
  const name = readName(context);
  const keeper = await requireKeeper(context, dependencies, { name, isForOneself: true });
  const wanted = { account: name, ...(await readJson(context, rotationShape)) };
  const made = await rotate(dependencies.roster, wanted, keeper);
  const body = { ...printToken(made.token), secret: made.secret };
  const answer = jsonAnswer(body, { 'Cache-Control': 'no-store' });
  await writeAnswer(context, { ...answer, status: 201 });
}
