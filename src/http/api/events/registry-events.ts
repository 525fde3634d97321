/**
 * `POST /api/v1/registry_events`: what external registries tell of their images, in the envelope of
 * distribution, with a token that opens this and nothing else; and that token.
 */
import { Readable } from 'node:stream';
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { type EventToken, isEventToken } from '../../../events/event-token.ts';
import { parseDigest } from '../../../oci/digest.ts';
import { RegistryError } from '../../../oci/error.ts';
import { EVENTS_TYPES } from '../../../oci/events/incoming.ts';
import { parseRepositoryName, parseTag } from '../../../oci/reference.ts';
import type { EventInbox } from '../../../virtual/incoming/event-inbox.ts';
import { jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import type { PassOn } from '../../forward/pass-on.ts';
import { readJson } from '../../read-body.ts';
import { parsedBy } from '../orders.ts';
import { requireAdministrator } from '../rights.ts';
import { askPrimary } from '../status.ts';

interface Dependencies {
  readonly eventToken: EventToken;
  readonly eventInbox: Pick<EventInbox, 'take'>;
  readonly gatekeeper: Gatekeeper;
  /** Asks the primary, which takes the events; absent at the primary itself. */
  readonly passOn?: PassOn | undefined;
}

const PATH = '/api/v1/registry_events';
const FRESH = { 'Cache-Control': 'no-store' };
/** One sentence is enough of an answer to a machine. */
const LIMITS = { types: EVENTS_TYPES, maxBytes: 1024 * 1024, maxMistakes: 1 };
const MAX_EVENTS = 1000;

/** PostgreSQL keeps every character but NUL. */
const textOf = (length: number) =>
  z
    .string()
    .max(length)
    .regex(/^[^\0]*$/, 'this has a NUL in it');
/** Registries written in Go send '' for what they have not. */
const maybe = <Shape extends z.ZodType>(shape: Shape) =>
  z.union([z.literal('').transform(() => undefined), shape]).optional();

/** What else an event says is left out, whatever its keys are (A6). */
const eventShape = z
  .object({
    id: z.string().regex(/^[!-~]{1,128}$/, 'an id has 1 to 128 printable characters'),
    timestamp: z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
    action: z.enum(['push', 'pull', 'mount', 'delete']),
    target: z.object({
      mediaType: textOf(255).optional(),
      digest: maybe(parsedBy(parseDigest, 'this is no digest')),
      size: z.int().min(0).optional(),
      repository: parsedBy(parseRepositoryName, 'this names no repository'),
      url: textOf(4000).optional(),
      tag: maybe(parsedBy(parseTag, 'this is no tag')),
    }),
    request: z.object({ host: textOf(255).optional() }).optional(),
    actor: z.object({ name: textOf(255).optional() }).optional(),
    source: z.object({ addr: textOf(255).optional() }).optional(),
  })
  .refine(({ action, target }) => action !== 'push' || target.digest !== undefined, {
    message: 'a push names a digest',
    path: ['target', 'digest'],
  });

export const envelopeShape = z.object({ events: z.array(eventShape).min(1).max(MAX_EVENTS) });

export function registryEventRoutes(dependencies: Dependencies): Router {
  const router = new Router();
  router.post(PATH, (context) => takeEvents(context, dependencies));
  router.get(`${PATH}/token`, (context) => showToken(context, dependencies));
  router.post(`${PATH}/token`, (context) => resetToken(context, dependencies));
  return router;
}

/** 202: what is to be copied is copied soon. All events are taken, or none. */
async function takeEvents(context: Context, dependencies: Dependencies): Promise<void> {
  const { eventToken, eventInbox, passOn } = dependencies;
  const token = readToken(context);
  if (!isEventToken(token)) throw refuseToken();
  if (passOn) return forward(context, passOn);
  if (!(await eventToken.isRight(token))) throw refuseToken();
  const { events } = await readJson(context, envelopeShape, LIMITS);
  const receipt = await eventInbox.take(events);
  await writeAnswer(context, { ...jsonAnswer(receipt, FRESH), status: 202 });
}

async function showToken(context: Context, dependencies: Dependencies): Promise<void> {
  const { eventToken, gatekeeper, passOn } = dependencies;
  await requireAdministrator(context, gatekeeper);
  if (passOn) return askPrimary(context, passOn);
  await writeAnswer(context, jsonAnswer({ token: await eventToken.show() }, FRESH));
}

async function resetToken(
  context: Context,
  { eventToken, gatekeeper }: Dependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  await writeAnswer(context, jsonAnswer({ token: await eventToken.reset() }, FRESH));
}

/** At a secondary: the token is the primary's to judge. */
async function forward(context: Context, passOn: PassOn): Promise<void> {
  const { req: request, res: response } = context;
  const chunks = request.iterator({ destroyOnReturn: false });
  const body = Readable.from(chunks, { objectMode: false });
  await writeAnswer(context, await passOn({ request, response, body }));
}

function readToken({ req }: Context): string {
  return /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1] ?? '';
}

function refuseToken(): RegistryError {
  return new RegistryError('UNAUTHORIZED', {
    message: 'this takes the token that meridian events token shows, as a bearer token',
    headers: { 'WWW-Authenticate': 'Bearer' },
  });
}
