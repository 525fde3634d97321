/** How the sites are, under `/api/v1/sites`: this one live, the others as they last reported. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { PrimaryAway } from '../../geo/primary-away.ts';
import type { ClusterStatus } from '../../geo/status/cluster.ts';
import { RegistryError } from '../../oci/error.ts';
import { jsonAnswer, writeAnswer } from '../answer.ts';
import type { Gatekeeper } from '../authenticate.ts';
import type { PassOn } from '../forward/pass-on.ts';
import { requireAdministrator } from './rights.ts';

export interface StatusDependencies {
  readonly clusterStatus: ClusterStatus;
  readonly gatekeeper: Gatekeeper;
  /** Asks the primary, to whom the sites report; absent at the primary itself. */
  readonly passOn?: PassOn | undefined;
}

export function statusRoutes(dependencies: StatusDependencies): Router {
  const router = new Router({ prefix: '/api/v1/sites' });
  router.get('/', (context) => listSites(context, dependencies));
  router.get('/:name/status', (context) => getStatus(context, dependencies));
  return router;
}

/** While the primary is away, a secondary tells of itself, and of the others only their names. */
async function listSites(context: Context, dependencies: StatusDependencies): Promise<void> {
  const { clusterStatus, gatekeeper, passOn } = dependencies;
  await requireAdministrator(context, gatekeeper);
  try {
    if (passOn) return await askPrimary(context, passOn);
  } catch (error) {
    if (!(error instanceof PrimaryAway)) throw error;
  }
  return writeAnswer(context, jsonAnswer({ sites: await clusterStatus.list() }, FRESH));
}

async function getStatus(context: Context, dependencies: StatusDependencies): Promise<void> {
  const { clusterStatus, gatekeeper, passOn } = dependencies;
  await requireAdministrator(context, gatekeeper);
  const site = readSite(context);
  if (passOn && site !== clusterStatus.own) return askPrimary(context, passOn);
  const figures = await clusterStatus.find(site);
  if (figures) return writeAnswer(context, jsonAnswer(figures, FRESH));
  throw new RegistryError('NAME_UNKNOWN', {
    message: `there is no site ${site}, or it has said nothing of itself yet`,
  });
}

const FRESH = { 'Cache-Control': 'no-store' };

/** Passes the request on as it is. @throws PrimaryAway */
export async function askPrimary(context: Context, passOn: PassOn): Promise<void> {
  const { req: request, res: response } = context;
  await writeAnswer(context, await passOn({ request, response, body: undefined }));
}

/** Name of the site in the path. */
export function readSite(context: Context): string {
  return String(context['params']?.name);
}
