/** `POST /api/v1/sites/<name>/pulls`: a site has the primary tell of pulls at it. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { SiteCaller } from '../../../auth/calls/site-calls.ts';
import { tellHere } from '../../../events/pulls.ts';
import { isDigest } from '../../../oci/digest.ts';
import { RegistryError } from '../../../oci/error.ts';
import { eventOfDeed } from '../../../oci/events/event.ts';
import { parseRepositoryName, parseTag } from '../../../oci/reference.ts';
import type { Outbox } from '../../../storage/events/outbox.ts';
import type { Webhooks } from '../../../storage/events/webhooks.ts';
import { jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { readJson } from '../../read-body.ts';
import { parsedBy } from '../orders.ts';
import { readSite } from '../status.ts';

export interface PullDependencies {
  readonly webhooks: Pick<Webhooks, 'list'>;
  readonly outbox: Pick<Outbox, 'record'>;
  readonly gatekeeper: Gatekeeper;
}

const textShape = z.string().max(300);

const requestShape = z.object({
  id: textShape,
  address: textShape,
  baseUrl: z.url().max(2000),
  method: textShape,
  userAgent: textShape,
  server: z.object({ site: textShape, address: textShape, instance: textShape }),
});

const pullShape = z.object({
  id: z.uuid(),
  time: z.iso.datetime(),
  data: z.object({
    repository: parsedBy(parseRepositoryName, 'this is no repository'),
    digest: z.string().refine(isDigest).optional(),
    tag: parsedBy(parseTag, 'this is no tag').optional(),
    mediaType: textShape,
    sizeBytes: z.int().min(0).optional(),
    actor: textShape,
    request: requestShape.optional(),
  }),
});

export const pullsShape = z.object({ pulls: z.array(pullShape).max(1000) });

export function pullRoutes(dependencies: PullDependencies): Router {
  const router = new Router({ prefix: '/api/v1/sites' });
  router.post('/:name/pulls', (context) => takePulls(context, dependencies));
  return router;
}

/** A site speaks of itself alone, and of itself it is believed. */
async function takePulls(
  context: Context,
  { gatekeeper, ...ports }: PullDependencies,
): Promise<void> {
  const caller = await gatekeeper.authenticate(context.req, () => []);
  const site = readSite(context);
  if (!(caller instanceof SiteCaller) || caller.site !== site) {
    throw new RegistryError('DENIED', { message: 'a site tells of itself alone' });
  }
  const { pulls } = await readJson(context, pullsShape);
  const events = pulls.map(({ id, time, data: { request, ...data } }) => {
    const seen = request && { ...request, server: { ...request.server, site } };
    const deed = { ...data, ...(seen ? { request: seen } : {}) };
    return eventOfDeed({ type: 'pull', deed }, id, new Date(time));
  });
  const { signal } = new AbortController();
  const isWanted = await tellHere(ports)(events, signal);
  await writeAnswer(context, jsonAnswer({ isWanted }, { 'Cache-Control': 'no-store' }));
}
