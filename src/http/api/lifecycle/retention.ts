/** `POST /api/v1/retentions/run`: takes away now what no retention keeps. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import type { Log } from '../../../log.ts';
import { patternOf, type TreePath } from '../../../oci/lifecycle/policy.ts';
import type { RetentionRuns } from '../../../registry/lifecycle/retention-runs.ts';
import { jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { readJson } from '../../read-body.ts';
import { requireAllowed } from '../rights.ts';
import { retentionRunShape } from './shapes.ts';

export interface RetentionDependencies {
  readonly retentionRuns: RetentionRuns;
  readonly gatekeeper: Gatekeeper;
  readonly log: Log;
}

/** A request waits for its run, which therefore ends before everything is looked at. */
const MOST_AT_ONCE = 10_000;

export function retentionRoutes(dependencies: RetentionDependencies): Router {
  const router = new Router();
  router.post('/api/v1/retentions/run', (context) => run(context, dependencies));
  return router;
}

async function run(
  context: Context,
  { retentionRuns, gatekeeper, log }: RetentionDependencies,
): Promise<void> {
  const administers = (path: TreePath) =>
    requireAllowed(
      context,
      gatekeeper,
      (caller) => caller.isAdministrator || caller.administersAll(patternOf(path)),
    );
  // Who is nobody here is not told what is wrong with the body.
  await requireAllowed(context, gatekeeper, (caller) => caller.isAuthenticated);
  const { dryRun = false, path } = await readJson(context, retentionRunShape);
  await administers(path ?? ('' as TreePath));
  const where = path === undefined ? {} : { path };
  const report = await retentionRuns.run({ isDryRun: dryRun, limit: MOST_AT_ONCE, ...where, log });
  await writeAnswer(context, jsonAnswer(report));
}
