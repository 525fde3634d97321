/**
 * A line for each request, or for each that may change something, when its answer has gone out.
 */
import type { IncomingMessage } from 'node:http';
import type { Middleware } from 'koa';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { type Randomness, systemRandomness } from '../randomness.ts';

/** A line for each read takes a quarter of the rate at which manifests are read. */
export type AccessLog = 'all' | 'writes' | 'off';

interface Dependencies {
  readonly log: Log;
  readonly clock: Clock;
  readonly randomness?: Randomness;
}

/**
 * By it the lines of several programs are found together: a proxy in front may have named the
 * request, and a secondary passes the name on to its primary.
 */
export const REQUEST_ID_HEADER = 'x-request-id';

/** Anything else could be made to look like another line. */
const REQUEST_ID = /^[A-Za-z0-9._:-]{1,64}$/;

/** The name that a request has already. */
export function findRequestId({ headers }: IncomingMessage): string | undefined {
  const given = headers[REQUEST_ID_HEADER];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : undefined;
}

/** The query stays out of it: it may hold a signed state (A26i). */
export function logRequests(which: AccessLog, dependencies: Dependencies): Middleware {
  const { log, clock, randomness = systemRandomness } = dependencies;
  return async (context, next) => {
    if (which === 'writes' && isRead(context.method)) {
      await next();
      return;
    }
    const id = findRequestId(context.req) ?? randomness.uuid();
    context.req.headers[REQUEST_ID_HEADER] = id;
    context.set(REQUEST_ID_HEADER, id);
    const started = clock.now().getTime();
    context.res.once('close', () => {
      log.info(
        {
          id,
          method: context.method,
          path: context.path,
          status: context.res.statusCode,
          milliseconds: clock.now().getTime() - started,
          account: context.state['caller']?.account,
          client: context.req.socket.remoteAddress,
          agent: context.get('User-Agent'),
        },
        'request',
      );
    });
    await next();
  };
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}
