/** `GET /api/v1/feed?after=N`: the change log as it grows, for other sites. */
import { Readable } from 'node:stream';
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { SiteCaller } from '../../auth/calls/site-calls.ts';
import type { Feed } from '../../geo/feed.ts';
import { EPOCH_HEADER, parseEpoch, type SiteRole } from '../../geo/role.ts';
import { RegistryError } from '../../oci/error.ts';
import { writeAnswer } from '../answer.ts';
import type { Gatekeeper } from '../authenticate.ts';

export interface FeedDependencies {
  readonly feed: Feed;
  readonly role: Pick<SiteRole, 'hear'>;
  readonly gatekeeper: Gatekeeper;
  /** Aborts when the server drains: a feed never ends by itself. */
  readonly draining: AbortSignal;
}

export function feedRoutes(dependencies: FeedDependencies): Router {
  const router = new Router();
  router.get('/api/v1/feed', (context) => sendFeed(context, dependencies));
  return router;
}

async function sendFeed(context: Context, dependencies: FeedDependencies): Promise<void> {
  const { feed, role, gatekeeper, draining } = dependencies;
  const caller = await gatekeeper.authenticate(context.req, () => []);
  if (!(caller instanceof SiteCaller)) {
    throw new RegistryError('DENIED', { message: 'the feed is for the sites of the cluster' });
  }
  // Before anything else is said: a primary that was replaced must learn of it.
  await role.hear(parseEpoch(context.get(EPOCH_HEADER)) ?? 0, caller.site);
  const gone = new AbortController();
  context.res.once('close', () => gone.abort());
  const wanted = { after: readAfter(context), follower: caller.site };
  const lines = await feed.open(wanted, AbortSignal.any([gone.signal, draining]));
  const headers = { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store' };
  await writeAnswer(context, { status: 200, headers, body: Readable.from(lines) });
}

function readAfter(context: Context): number {
  const text = new URLSearchParams(context.querystring).get('after') ?? '0';
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new RegistryError('UNSUPPORTED', { status: 400, message: 'after is no position' });
}
