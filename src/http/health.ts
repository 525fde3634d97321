/**
 * `/livez`: the process runs. `/readyz`: it can answer requests. Neither says more than that to
 * strangers (A53); why a site is not ready stands in its log.
 */
import type { Context, Middleware } from 'koa';
import type { Log } from '../log.ts';

interface Dependencies {
  /** Throws where what the site stands on does not answer. */
  readonly check: () => Promise<unknown>;
  readonly log: Log;
}

export function answerHealth({ check, log }: Dependencies): Middleware {
  return async (context, next) => {
    if (context.path === '/livez') context.body = 'alive\n';
    else if (context.path === '/readyz') await answerReady(context);
    else await next();
  };

  async function answerReady(context: Context): Promise<void> {
    if (await isReady()) {
      context.body = 'ready\n';
      return;
    }
    context.status = 503;
    context.set('Retry-After', '1');
    context.body = 'not ready\n';
  }

  async function isReady(): Promise<boolean> {
    try {
      await check();
      return true;
    } catch (error) {
      log.warn({ err: error }, 'this site is not ready');
      return false;
    }
  }
}
