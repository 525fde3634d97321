/**
 * The HTTP application: errors outside, then the log, then the distribution API and the other
 * doors.
 */
import type { IncomingMessage } from 'node:http';
import { Router } from '@koa/router';
import Koa, { type Context, type Middleware } from 'koa';
import { nobody } from '../auth/access.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { RegistryError } from '../oci/error.ts';
import { type Answer, API_VERSION, writeAnswer } from './answer.ts';
import type { Arrival, Gatekeeper } from './authenticate.ts';
import { authorize, type Changes, refuseChange, scopesFor } from './authorize.ts';
import { type AccessLog, logRequests } from './log-requests.ts';
import { matchPath, type PathMatch } from './match-path.ts';
import { findRoute, printAllow, type Route } from './routes.ts';
import type { Admission } from './v2/admission.ts';
import { Call } from './v2/call.ts';
import type { Services } from './v2/services.ts';
import type { Mirrors } from './virtual/mirrors.ts';
import { writeErrors } from './write-errors.ts';

/**
 * Stands around routes, after the caller was found to have the right: a secondary passes the call
 * on instead of handling it.
 */
export type Forward = (call: Call, handle: () => Promise<Answer>) => Promise<Answer>;

/** Sees what came of a call, before its answer is out. */
export type OnCall = (route: Route, call: Call, answer: Answer) => void;

export type OnAnswer = (request: IncomingMessage, answer: Answer) => void;

export interface AppOptions {
  readonly services: Services;
  readonly gatekeeper: Gatekeeper;
  readonly log: Log;
  readonly clock: Clock;
  /** What answers beside `/v2`: the token endpoint, health. */
  readonly doors?: readonly (Router | Middleware)[];
  /** Opens the management API, once: with the first request for it, or sooner. */
  readonly openApi?: () => Promise<readonly Router[]>;
  readonly forward?: Forward;
  /** Who needs no credential, by the state of an upload; nobody where it is absent. */
  readonly admission?: Admission;
  /** Stands around the routes that list. */
  readonly readList?: Forward;
  /** What may be changed through `/v2`; everything where nobody says. */
  readonly changes?: Changes;
  /** Which virtual registries are used as mirrors, under hosts of their own; none where absent. */
  readonly mirrors?: Mirrors;
  /** Which requests have a line in the log; none where nobody says. */
  readonly accessLog?: AccessLog;
  readonly onCall?: readonly OnCall[];
  /** See each answer of the distribution API once it is out. */
  readonly onAnswer?: readonly OnAnswer[];
}

const [VERSION_HEADER] = Object.keys(API_VERSION) as [string];

export function createApp(options: AppOptions): Koa {
  const app = new Koa();
  // What reaches Koa itself is a line that broke after its answer had begun, or a client that went
  // away; its own listener would print a stack.
  app.on('error', (error: Error) => options.log.debug({ err: error }, 'a connection broke'));
  app.use(writeErrors(options.log));
  const { accessLog = 'off' } = options;
  if (accessLog !== 'off') app.use(logRequests(accessLog, options));
  app.use(serveRegistry(options));
  for (const door of options.doors ?? [])
    app.use(typeof door === 'function' ? door : door.routes());
  if (options.openApi) app.use(serveApi(options.openApi));
  app.use(refuseUnknownPath);
  return app;
}

function serveRegistry(options: AppOptions): Middleware {
  return async (context, next) => {
    const { url = '' } = context.req;
    if (!url.startsWith('/')) throw refuseForm();
    if (!isRegistryPath(url)) {
      await next();
      return;
    }
    const answer = await answerCall(context, options);
    await writeAnswer(context, withVersion(answer));
    for (const watch of options.onAnswer ?? []) watch(context.req, answer);
  };
}

/** Headers that are made once for many answers have it already. */
function withVersion(answer: Answer): Answer {
  if (VERSION_HEADER in answer.headers) return answer;
  return { ...answer, headers: { ...API_VERSION, ...answer.headers } };
}

function serveApi(openApi: () => Promise<readonly Router[]>): Middleware {
  let serve: Middleware | undefined;
  return async (context, next) => {
    if (!context.path.startsWith('/api/')) return next();
    serve ??= joinRouters(await openApi());
    return serve(context, next);
  };
}

function joinRouters(routers: readonly Router[]): Middleware {
  const all = new Router();
  for (const router of routers) all.use(router.routes());
  // Its type asks for what it adds to the context by itself.
  return all.routes() as Middleware;
}

/**
 * > absolute-form = absolute-URI (RFC 9112, 3.2.2)
 *
 * is for proxies, and this is none: it must never ask another host in a client's name (A52).
 */
function refuseForm(): RegistryError {
  return new RegistryError('UNSUPPORTED', {
    status: 400,
    message: 'a request names its path alone',
    headers: { Connection: 'close' },
  });
}

function isRegistryPath(url: string): boolean {
  return url.startsWith('/v2') && (url.length === 3 || url[3] === '/' || url[3] === '?');
}

/** The order is the rule: a route, who it is, whether they may, and only then anything else. */
async function answerCall(context: Context, options: AppOptions): Promise<Answer> {
  const { services, forward, readList, changes = 'all' } = options;
  const { registry, ...arrival } = (await options.mirrors?.receive(context.req)) ?? {};
  const gatekeeper = options.gatekeeper.for(arrival);
  const match = matchPath(pathOf(context.req.url!), registry) ?? refuseUnknownPath();
  const route = findRoute(match.path, context.req.method!) ?? refuseMethod(match.path);
  const scopes = () => scopesFor(route.access, match.name);
  const isStranger = route.access === 'upload-token';
  const admitted = isStranger ? nobody : await options.admission?.admit(context.req, match);
  const caller = admitted ?? (await gatekeeper.authenticate(context.req, scopes));
  context.state['caller'] = caller;
  const call = new Call({ context, match, caller, gatekeeper });
  await authorize(call, route.access, () => isPublic(match, options, arrival));
  refuseChange(route.access, changes);
  const handle = () => route.handler(call, services);
  const around = (route.needsPrimary && forward) || (route.isList && readList);
  const answer = await (around ? around(call, handle) : handle());
  for (const see of options.onCall ?? []) see(route, call, answer);
  return answer;
}

/** Whether everybody may read what the path names. */
async function isPublic(
  { virtual }: PathMatch,
  { services }: AppOptions,
  { asOf }: Arrival,
): Promise<boolean> {
  const registry = virtual && (await services.virtual.findRegistry(virtual.registry, asOf));
  return registry?.isPublic === true;
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function refuseUnknownPath(): never {
  throw new RegistryError('UNSUPPORTED', { status: 404, message: 'there is nothing at this path' });
}

function refuseMethod(path: Route['path']): never {
  throw new RegistryError('UNSUPPORTED', { headers: { Allow: printAllow(path) } });
}
