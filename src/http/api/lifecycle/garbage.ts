/** The collection of garbage at this site, under `/api/v1/garbage`. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import type { Passage } from '../../../geo/passage.ts';
import { parseRepositoryName } from '../../../oci/reference.ts';
import type { GarbageCollection } from '../../../registry/garbage/garbage.ts';
import type { BinFilter } from '../../../storage/garbage-bin.ts';
import { jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { addPosition } from '../../forward/registry.ts';
import { readJson } from '../../read-body.ts';
import { requireAdministrator } from '../rights.ts';

export interface GarbageDependencies {
  readonly garbage: Pick<GarbageCollection, 'run' | 'sweep' | 'bringBack' | 'readStatus'>;
  readonly passage: Pick<Passage, 'getPosition'>;
  readonly gatekeeper: Gatekeeper;
}

/** A request waits for its run, which therefore ends before everything is looked at. */
const MOST_AT_ONCE = 20_000;

export const garbageRunShape = z.strictObject({
  dryRun: z.boolean().optional().meta({ description: 'Only says what would go.' }),
  sweep: z.boolean().optional().meta({
    description: 'Before, walks through the store for bytes that no fact names.',
  }),
});

export const garbageUndoShape = z.strictObject({
  run: z.uuid().optional().meta({ description: 'What this run took.' }),
  repository: z
    .string()
    .refine((text) => parseRepositoryName(text) !== undefined, 'this names no repository')
    .optional()
    .meta({ description: 'What was taken from this repository.' }),
});

export function garbageRoutes(dependencies: GarbageDependencies): Router {
  const router = new Router({ prefix: '/api/v1/garbage' });
  router.get('/', (context) => readStatus(context, dependencies));
  router.post('/run', (context) => run(context, dependencies));
  router.post('/undo', (context) => undo(context, dependencies));
  return router;
}

async function readStatus(
  context: Context,
  { garbage, gatekeeper }: GarbageDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const headers = { 'Cache-Control': 'no-store' };
  await writeAnswer(context, jsonAnswer(await garbage.readStatus(), headers));
}

async function run(context: Context, { garbage, gatekeeper }: GarbageDependencies): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const { dryRun = false, sweep } = await readJson(context, garbageRunShape);
  if (sweep) await garbage.sweep();
  const options = dryRun ? {} : { limit: MOST_AT_ONCE };
  await writeAnswer(context, jsonAnswer(await garbage.run({ isDryRun: dryRun, ...options })));
}

/** What comes back is a change of the registry, so a secondary passes the request on. */
async function undo(
  context: Context,
  { garbage, passage, gatekeeper }: GarbageDependencies,
): Promise<void> {
  const caller = await requireAdministrator(context, gatekeeper);
  const filter = (await readJson(context, garbageUndoShape)) as BinFilter;
  const answer = jsonAnswer(await garbage.bringBack(filter, caller.account));
  await writeAnswer(context, await addPosition(context.req, answer, passage));
}
