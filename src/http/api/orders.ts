/** What sites are ordered to do, under `/api/v1/sites/<name>/orders`. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import type { Passage } from '../../geo/passage.ts';
import type { SiteOrders, WantedOrder } from '../../geo/site-orders.ts';
import { parseDigest } from '../../oci/digest.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { jsonAnswer, writeAnswer } from '../answer.ts';
import type { Gatekeeper } from '../authenticate.ts';
import { addPosition } from '../forward/registry.ts';
import { readJson } from '../read-body.ts';
import { requireAdministrator } from './rights.ts';

export interface OrderDependencies {
  readonly siteOrders: SiteOrders;
  readonly passage: Pick<Passage, 'getPosition'>;
  readonly gatekeeper: Gatekeeper;
}

/** Text that a parser takes; what it gives is what the rest of the program sees. */
export function parsedBy<T>(parse: (text: string) => T | undefined, message: string) {
  return z.string().transform((text, context): T => {
    const parsed = parse(text);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
}

export const orderShape = z
  .strictObject({
    kind: z.enum(['resync', 'reverify', 'reconcile']),
    repository: parsedBy(parseRepositoryName, 'this names no repository').optional(),
    digest: parsedBy(parseDigest, 'this is no digest').optional(),
  })
  .refine(({ repository, digest }) => digest === undefined || repository !== undefined, {
    message: 'a digest is one of a repository: name both',
  })
  .refine(({ kind, digest }) => kind !== 'reconcile' || digest === undefined, {
    message: 'a site or a repository is compared as a whole: name no digest',
  });

export function orderRoutes(dependencies: OrderDependencies): Router {
  const router = new Router({ prefix: '/api/v1/sites/:name/orders' });
  router.get('/', (context) => listOrders(context, dependencies));
  router.post('/', (context) => giveOrder(context, dependencies));
  return router;
}

async function listOrders(
  context: Context,
  { siteOrders, gatekeeper }: OrderDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const found = await siteOrders.list(String(context['params']?.name));
  const orders = found.map(({ order, ...progress }) => ({ ...order, ...progress }));
  await writeAnswer(context, jsonAnswer({ orders }));
}

/** 202: the order is in the log, and the site does it as soon as it hears of it. */
async function giveOrder(
  context: Context,
  { siteOrders, passage, gatekeeper }: OrderDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const order = (await readJson(context, orderShape)) as WantedOrder;
  const id = await siteOrders.give(String(context['params']?.name), order);
  const answer = { ...jsonAnswer({ id }), status: 202 };
  await writeAnswer(context, await addPosition(context.req, answer, passage));
}
