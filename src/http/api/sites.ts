/** The sites of the cluster, under `/api/v1/sites`. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import type { ClusterSites } from '../../geo/sites.ts';
import type { ClusterStatus } from '../../geo/status/cluster.ts';
import { RegistryError } from '../../oci/error.ts';
import { emptyAnswer, jsonAnswer, writeAnswer } from '../answer.ts';
import type { Gatekeeper } from '../authenticate.ts';
import { readJson } from '../read-body.ts';
import { requireAdministrator } from './rights.ts';

export interface SiteDependencies {
  readonly sites: ClusterSites;
  readonly clusterStatus: Pick<ClusterStatus, 'forget'>;
  readonly gatekeeper: Gatekeeper;
  /** Name of the cluster. */
  readonly cluster: string;
  /** Of the cluster: a site that joins is given it. */
  readonly secretKey: Buffer | undefined;
}

export const invitationShape = z.strictObject({ name: z.string() });

/** Where a site is; also what one says that moved. */
export const whereShape = z.object({
  url: z.url({ protocol: /^https?$/ }),
  place: z
    .strictObject({
      latitude: z.number().min(-90).max(90),
      longitude: z.number().min(-180).max(180),
    })
    .optional(),
});

export const joinShape = z.strictObject({
  site: z.string(),
  ...whereShape.shape,
  // An ES256 key and nothing besides (RFC 7518, section 6.2.1); a private one is refused.
  publicKey: z.strictObject({
    kty: z.literal('EC'),
    crv: z.literal('P-256'),
    x: z.base64url().length(43),
    y: z.base64url().length(43),
  }),
});

export function siteRoutes(dependencies: SiteDependencies): Router {
  const router = new Router({ prefix: '/api/v1/sites' });
  router.post('/', (context) => inviteSite(context, dependencies));
  router.post('/join', (context) => joinSite(context, dependencies));
  router.delete('/:name', (context) => removeSite(context, dependencies));
  router.post('/:name/pause', (context) => pauseSite(context, dependencies, true));
  router.post('/:name/resume', (context) => pauseSite(context, dependencies, false));
  return router;
}

/** The answer holds the join token, this once, and the address at which it is good. */
async function inviteSite(
  context: Context,
  { sites, gatekeeper }: SiteDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const { name } = await readJson(context, invitationShape);
  const { joinToken, expiresAt } = await sites.invite(name);
  const primaryUrl = gatekeeper.baseUrl(context.req);
  const invitation = { name, joinToken, primaryUrl, expiresAt: expiresAt.toISOString() };
  const answer = jsonAnswer(invitation, { 'Cache-Control': 'no-store' });
  await writeAnswer(context, { ...answer, status: 201 });
}

/**
 * The join token is all that a new site can show: it has no account, and no key that is known here.
 */
async function joinSite(
  context: Context,
  { sites, cluster, secretKey }: SiteDependencies,
): Promise<void> {
  const token = /^bearer +(\S+) *$/i.exec(context.get('authorization'))?.[1];
  if (token === undefined) {
    throw new RegistryError('UNAUTHORIZED', { message: 'joining needs a join token' });
  }
  const { site: name, ...rest } = await readJson(context, joinShape);
  const { epoch } = await sites.join(token, { name, ...rest });
  const body = { cluster, epoch, secretKey: secretKey?.toString('base64url') };
  await writeAnswer(context, jsonAnswer(body, { 'Cache-Control': 'no-store' }));
}

async function pauseSite(
  context: Context,
  { sites, gatekeeper }: SiteDependencies,
  isPaused: boolean,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  await sites.pause(String(context['params']?.name), isPaused);
  await writeAnswer(context, emptyAnswer(204));
}

async function removeSite(
  context: Context,
  { sites, clusterStatus, gatekeeper }: SiteDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const name = String(context['params']?.name);
  await sites.remove(name);
  await clusterStatus.forget(name);
  await writeAnswer(context, emptyAnswer(204));
}
