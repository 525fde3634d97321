/** Webhooks and what is told to them, under `/api/v1/webhooks`. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import type { WebhookBook } from '../../events/webhook-book.ts';
import type { WebhookChange } from '../../events/webhook-change.ts';
import { RegistryError } from '../../oci/error.ts';
import { EVENT_TYPES } from '../../oci/events/event.ts';
import { DELIVERY_STATES, type DeliveryState } from '../../storage/events/outbox.ts';
import { WEBHOOK_FORMATS } from '../../storage/events/webhooks.ts';
import { emptyAnswer, jsonAnswer, writeAnswer } from '../answer.ts';
import type { Gatekeeper } from '../authenticate.ts';
import type { PassOn } from '../forward/pass-on.ts';
import { cutPage, printNextLink, readLast, readPageSize } from '../pagination.ts';
import { readJson } from '../read-body.ts';
import { patternShape } from './accounts.ts';
import { requireAdministrator } from './rights.ts';
import { askPrimary } from './status.ts';

export interface WebhookDependencies {
  readonly webhookBook: WebhookBook;
  readonly gatekeeper: Gatekeeper;
  /** Asks the primary, where the webhooks are; absent at the primary itself. */
  readonly passOn?: PassOn | undefined;
}

const PATH = '/api/v1/webhooks';
const FRESH = { 'Cache-Control': 'no-store' };

export const webhookShape = z.strictObject({
  url: z.string().max(2000).optional(),
  secret: z.string().max(200).nullable().optional(),
  isEnabled: z.boolean().optional(),
  types: z.array(z.enum(EVENT_TYPES)).min(1).optional(),
  repositories: z.array(patternShape).min(1).max(100).optional(),
  sites: z.array(z.string()).max(100).optional(),
  mediaTypes: z.array(z.string().max(255)).min(1).max(100).nullable().optional(),
  format: z.enum(WEBHOOK_FORMATS).optional(),
  headers: z.record(z.string(), z.string()).nullable().optional(),
  timeoutMs: z.int().min(100).max(60_000).nullable().optional(),
  threshold: z.int().min(1).max(1000).nullable().optional(),
  backoffMs: z.int().min(100).max(3_600_000).nullable().optional(),
});

export const redeliverShape = z.strictObject({ event: z.string().optional() });

export function webhookRoutes(dependencies: WebhookDependencies): Router {
  const router = new Router({ prefix: PATH });
  router.get('/', (context) => listWebhooks(context, dependencies));
  router.get('/:name', (context) => getWebhook(context, dependencies));
  router.put('/:name', (context) => putWebhook(context, dependencies));
  router.delete('/:name', (context) => deleteWebhook(context, dependencies));
  router.get('/:name/deliveries', (context) => listDeliveries(context, dependencies));
  router.post('/:name/redeliver', (context) => redeliver(context, dependencies));
  return router;
}

async function listWebhooks(context: Context, dependencies: WebhookDependencies): Promise<void> {
  const { webhookBook, gatekeeper, passOn } = dependencies;
  await requireAdministrator(context, gatekeeper);
  if (passOn) return askPrimary(context, passOn);
  return writeAnswer(context, jsonAnswer({ webhooks: await webhookBook.list() }, FRESH));
}

async function getWebhook(context: Context, dependencies: WebhookDependencies): Promise<void> {
  const { webhookBook, gatekeeper, passOn } = dependencies;
  await requireAdministrator(context, gatekeeper);
  if (passOn) return askPrimary(context, passOn);
  return writeAnswer(context, jsonAnswer(await webhookBook.get(nameOf(context)), FRESH));
}

/** Creates the webhook (201) or changes what the body names of it (200). */
async function putWebhook(
  context: Context,
  { webhookBook, gatekeeper }: WebhookDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const name = nameOf(context);
  const change = (await readJson(context, webhookShape)) as WebhookChange;
  const isNew = await webhookBook.put(name, change);
  const answer = jsonAnswer(await webhookBook.get(name));
  await writeAnswer(context, { ...answer, status: isNew ? 201 : 200 });
}

async function deleteWebhook(
  context: Context,
  { webhookBook, gatekeeper }: WebhookDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  await webhookBook.remove(nameOf(context));
  await writeAnswer(context, emptyAnswer(204));
}

async function listDeliveries(context: Context, dependencies: WebhookDependencies): Promise<void> {
  const { webhookBook, gatekeeper, passOn } = dependencies;
  await requireAdministrator(context, gatekeeper);
  if (passOn) return askPrimary(context, passOn);
  const query = new URLSearchParams(context.querystring);
  const n = readPageSize(query);
  const after = readLast(query, (text) => (/^[0-9a-f-]{1,64}$/.test(text) ? text : undefined));
  const found = await webhookBook.listDeliveries(nameOf(context), {
    limit: n + 1,
    ...readState(query),
    ...(after === undefined ? {} : { after }),
  });
  const { page, more } = cutPage(found, n);
  const last = more ? page.at(-1)?.event.id : undefined;
  const link = last && printNextLink({ path: context.path, query, last, n });
  const list = { deliveries: page };
  return writeAnswer(context, jsonAnswer(list, { ...FRESH, ...(link ? { Link: link } : {}) }));
}

/** 202: it is sent soon, and may fail again. */
async function redeliver(
  context: Context,
  { webhookBook, gatekeeper }: WebhookDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const { event } = await readJson(context, redeliverShape);
  const count = await webhookBook.redeliver(nameOf(context), event);
  await writeAnswer(context, { ...jsonAnswer({ count }), status: 202 });
}

function nameOf(context: Context): string {
  return String(context['params']?.name);
}

/** @throws RegistryError UNSUPPORTED (400) for a state that there is not */
function readState(query: URLSearchParams): { readonly state?: DeliveryState } {
  const text = query.get('state');
  if (!text) return {};
  const state = DELIVERY_STATES.find((one) => one === text);
  if (state) return { state };
  const message = `state is one of ${DELIVERY_STATES.join(', ')}`;
  throw new RegistryError('UNSUPPORTED', { status: 400, message });
}
