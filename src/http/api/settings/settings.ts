/** `GET /api/v1/settings`: what this site was set to, as it may be read. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { requireAdministrator } from '../rights.ts';

export const settingsShape = z.object({
  site: z.string(),
  cluster: z.string(),
  version: z.string(),
  settings: z.array(
    z.object({
      variable: z.string(),
      group: z.string(),
      meaning: z.string(),
      value: z.string().nullable(),
      isHidden: z.boolean().meta({ description: 'It has a value, which is secret.' }),
    }),
  ),
});

interface Dependencies {
  readonly gatekeeper: Gatekeeper;
  /** Without whatever is secret. */
  readonly shown: z.infer<typeof settingsShape>;
}

export function settingsRoutes({ gatekeeper, shown }: Dependencies): Router {
  const router = new Router();
  router.get('/api/v1/settings', async (context: Context) => {
    await requireAdministrator(context, gatekeeper);
    await writeAnswer(context, jsonAnswer(shown, { 'Cache-Control': 'no-store' }));
  });
  return router;
}
