/**
 * A line for each request, or for each that may change something, when its answer has gone out.
 */
import type { Middleware } from 'koa';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';

/** A line for each read takes a quarter of the rate at which manifests are read. */
export type AccessLog = 'all' | 'writes' | 'off';

interface Dependencies {
  readonly log: Log;
  readonly clock: Clock;
}

/** The query stays out of it: it may hold a signed state (A26i). */
export function logRequests(which: AccessLog, { log, clock }: Dependencies): Middleware {
  return async (context, next) => {
    if (which === 'writes' && isRead(context.method)) {
      await next();
      return;
    }
    const started = clock.now().getTime();
    context.res.once('close', () => {
      log.info(
        {
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
