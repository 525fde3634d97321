/**
 * Writes of the management API. Accounts, access tokens and sites are facts of the whole cluster,
 * so they too are the primary's, whichever site is asked.
 */
import { Readable } from 'node:stream';
import type { Context, Middleware } from 'koa';
import type { Passage } from '../../geo/passage.ts';
import { type Answer, completeAnswer, writeAnswer } from '../answer.ts';
import { requireAccount } from '../api/rights.ts';
import type { Gatekeeper } from '../authenticate.ts';
import { hasBody, type PassOn } from './pass-on.ts';
import { addPosition } from './registry.ts';

const PREFIX = '/api/v1/';

/** A new site joins at its primary alone, by the address that it will follow. */
const FORWARDED = [
  /^accounts(?:\/|$)/,
  /^account_groups\//,
  /^repositories\//,
  /^(?:tags|trees)\//,
  /^webhooks\//,
  // What external registries tell comes with a token that the primary alone knows.
  /^registry_events\/token$/,
  /^external_images\//,
  /^(?:protections|retentions)\//,
  /^quotas$/,
  /^garbage\/undo$/,
  // What a site does by itself: it reaches upstreams from where it is, and fills its own cache.
  /^virtual_upstreams\/(?![^/]+\/test\/?$)/,
  /^virtual_registries\/(?![^/]+\/upload_tokens\/?$)/,
  /^sites(?:$|\/(?!join$))/,
];

/** At a secondary: strangers are refused here, and the primary decides on everybody else. */
export function forwardApiToPrimary(passOn: PassOn, gatekeeper: Gatekeeper): Middleware {
  return async (context, next) => {
    if (!isWrite(context)) return next();
    await requireAccount(context, gatekeeper);
    const { req: request, res: response } = context;
    const chunks = request.iterator({ destroyOnReturn: false });
    const body = hasBody(request) ? Readable.from(chunks, { objectMode: false }) : undefined;
    return writeAnswer(context, await passOn({ request, response, body }));
  };
}

/** At the primary: says of each write that was passed on where in the log it is. */
export function answerApiWithPosition(passage: Passage): Middleware {
  return (context, next) => {
    const addToWrite = async (answer: Answer) =>
      answer.status < 300 ? addPosition(context.req, answer, passage) : answer;
    if (isWrite(context)) completeAnswer(context, addToWrite);
    return next();
  };
}

function isWrite({ method, path }: Context): boolean {
  if (method === 'GET' || method === 'HEAD' || !path.startsWith(PREFIX)) return false;
  const noun = path.slice(PREFIX.length);
  return FORWARDED.some((pattern) => pattern.test(noun));
}
