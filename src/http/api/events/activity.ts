/**
 * `GET /api/v1/activity`: who pushed, deleted and moved what. Each site answers from its own rows,
 * and tells of the repositories alone that the caller may pull.
 */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import {
  ACTIVITY_ACTIONS,
  type ActivityFeed,
  type ActivityKey,
  type ActivityPage,
} from '../../../storage/events/activity.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { answerSlice, readLimit, readPath, refuse } from '../tree/pages.ts';
import { readVisible } from '../tree/tree.ts';

interface Dependencies {
  readonly activityFeed: Pick<ActivityFeed, 'list'>;
  readonly gatekeeper: Gatekeeper;
}

/** What the query may say, beside the page. */
export const ACTIVITY_QUERY = {
  path: 'Only what happened at or below this path: a group, a project or an image.',
  action: `Only this: ${ACTIVITY_ACTIONS.join(', ')}.`,
  actor: 'Only what this account did.',
  since: 'From this time on, such as 2026-11-21T12:00:00Z.',
  until: 'Before this time.',
};

const MAX_ACTOR = 255;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/;

export function activityRoutes(dependencies: Dependencies): Router {
  const router = new Router();
  router.get('/api/v1/activity', (context) => listActivity(context, dependencies));
  return router;
}

async function listActivity(
  context: Context,
  { activityFeed, gatekeeper }: Dependencies,
): Promise<void> {
  const visible = await readVisible(context, gatekeeper);
  const page = readPage(new URLSearchParams(context.querystring));
  const { items, next } = await activityFeed.list({ ...page, visible });
  await answerSlice(context, 'activity', { items, last: next && printKey(next), n: page.limit });
}

/** @throws RegistryError UNSUPPORTED (400), NAME_INVALID */
function readPage(query: URLSearchParams): Omit<ActivityPage, 'visible'> {
  const path = readPath(query, 'path');
  const action = ACTIVITY_ACTIONS.find((one) => one === query.get('action'));
  if (query.get('action') && !action)
    throw refuse(`action is one of ${ACTIVITY_ACTIONS.join(', ')}`);
  const actor = query.get('actor');
  if (actor && (actor.length > MAX_ACTOR || actor.includes('\0'))) {
    throw refuse('actor is the name of no account');
  }
  const last = query.get('last');
  return {
    limit: readLimit(query),
    ...(path === undefined ? {} : { path }),
    ...(action ? { action } : {}),
    ...(actor === null ? {} : { actor }),
    ...(last ? { after: parseKey(last) } : {}),
    ...readTime(query, 'since'),
    ...readTime(query, 'until'),
  };
}

/** @throws RegistryError UNSUPPORTED (400) */
function readTime(query: URLSearchParams, key: 'since' | 'until'): Partial<ActivityPage> {
  const text = query.get(key);
  if (!text) return {};
  const time = new Date(TIME.test(text) ? text : Number.NaN);
  if (Number.isNaN(time.getTime())) throw refuse(`${key} is a time such as 2026-11-21T12:00:00Z`);
  return { [key]: time };
}

function printKey({ at, id }: ActivityKey): string {
  return `${at.getTime()},${id}`;
}

/** @throws RegistryError UNSUPPORTED (400) */
function parseKey(text: string): ActivityKey {
  const [, time, id] = /^([0-9]{1,14}),([0-9]{1,15})$/.exec(text) ?? [];
  if (time && id) return { at: new Date(Number(time)), id: Number(id) };
  throw refuse('last is where a page before ended: follow its Link');
}
