/** One line for each request, when its answer has gone out. */
import type { Middleware } from 'koa';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';

/** The query stays out of it: it may hold a signed state (A26i). */
export function logRequests(log: Log, clock: Clock): Middleware {
  return async (context, next) => {
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
