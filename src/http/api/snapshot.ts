/**
 * `GET /api/v1/snapshot?part=tags&after=acme/app&after=v1`: all facts by pages, for other sites.
 */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { SiteCaller } from '../../auth/calls/site-calls.ts';
import { EPOCH_HEADER, parseEpoch, type SiteRole } from '../../geo/role.ts';
import type { SnapshotPages } from '../../geo/snapshot.ts';
import { RegistryError } from '../../oci/error.ts';
import { SNAPSHOT_PARTS } from '../../storage/geo/snapshot.ts';
import { jsonAnswer, writeAnswer } from '../answer.ts';
import type { Gatekeeper } from '../authenticate.ts';

export interface SnapshotDependencies {
  readonly snapshotPages: SnapshotPages;
  readonly role: Pick<SiteRole, 'hear'>;
  readonly gatekeeper: Gatekeeper;
}

export function snapshotRoutes(dependencies: SnapshotDependencies): Router {
  const router = new Router();
  router.get('/api/v1/snapshot', (context) => sendPage(context, dependencies));
  return router;
}

async function sendPage(context: Context, dependencies: SnapshotDependencies): Promise<void> {
  const { snapshotPages, role, gatekeeper } = dependencies;
  const caller = await gatekeeper.authenticate(context.req, () => []);
  if (!(caller instanceof SiteCaller)) {
    throw new RegistryError('DENIED', { message: 'the snapshot is for the sites of the cluster' });
  }
  await role.hear(parseEpoch(context.get(EPOCH_HEADER)) ?? 0, caller.site);
  const query = new URLSearchParams(context.querystring);
  const part = SNAPSHOT_PARTS.find((name) => name === query.get('part'));
  const after = query.getAll('after');
  const length = part && ['links', 'manifests', 'tags'].includes(part) ? 2 : 1;
  if (!part || (after.length > 0 && after.length !== length)) {
    throw new RegistryError('UNSUPPORTED', {
      status: 400,
      message: 'no such part, or no such key',
    });
  }
  const page = await snapshotPages.read(part, after.length > 0 ? after : undefined);
  await writeAnswer(context, jsonAnswer(page, { 'Cache-Control': 'no-store' }));
}
