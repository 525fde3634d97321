/** The outermost middleware: the one place where errors become answers. */
import type { Context, Middleware } from 'koa';
import { PrimaryAway } from '../geo/primary-away.ts';
import type { Log } from '../log.ts';
import { RegistryError } from '../oci/error.ts';
import {
  ChangeRefused,
  NameLeased,
  NotPrimary,
  StorageFull,
  StorageUnavailable,
  TextRefused,
} from '../storage/failure.ts';
import { UpstreamFailure } from '../storage/upstream.ts';
import { UpstreamAway } from '../virtual/failures.ts';
import { type Answer, API_VERSION, isClientGone, jsonAnswer, writeAnswer } from './answer.ts';

/** Seconds after which a client may try again what failed for want of a database. */
const RETRY_AFTER_SECONDS = 5;

export function writeErrors(log: Log): Middleware {
  return async (context, next) => {
    try {
      await next();
    } catch (error) {
      await writeError(context, error, log);
    }
  };
}

async function writeError(context: Context, error: unknown, log: Log): Promise<void> {
  const { req, res } = context;
  const isGone = isClientGone(error) && req.destroyed;
  const answer = toAnswer(error);
  if (answer.status >= 500 && !isGone) {
    const id = req.headers['x-request-id'];
    log.error({ err: error, id, method: req.method, path: context.path }, 'a request failed');
  }
  if (isGone || res.headersSent) {
    context.respond = false;
    res.destroy();
  } else await writeAnswer(context, answer);
}

/** What a client is told of an error; of an unknown one, nothing. */
export function toAnswer(error: unknown): Answer {
  if (error instanceof RegistryError) {
    return { ...errorAnswer(error.errors, error.headers), status: error.status };
  }
  if (error instanceof ChangeRefused) {
    const { errors } = new RegistryError('DENIED', { message: error.message });
    return { ...errorAnswer(errors, {}), status: 403 };
  }
  if (error instanceof TextRefused) {
    const { errors } = new RegistryError('UNSUPPORTED', { message: error.message });
    return { ...errorAnswer(errors, {}), status: 400 };
  }
  if (error instanceof NameLeased) {
    const detail = { until: error.until.toISOString() };
    const { errors, status } = new RegistryError('RENAME_IN_PROGRESS', { detail });
    return { ...errorAnswer(errors, {}), status };
  }
  if (error instanceof StorageUnavailable || error instanceof NotPrimary) {
    return failure(503, 'the registry cannot reach its storage now', {
      'Retry-After': String(RETRY_AFTER_SECONDS),
    });
  }
  if (error instanceof StorageFull) return failure(507, 'the registry has no room for this');
  if (error instanceof PrimaryAway) {
    return failure(503, error.message, { 'Retry-After': String(RETRY_AFTER_SECONDS) });
  }
  if (error instanceof UpstreamAway) {
    return failure(error.status, error.message, { 'Retry-After': String(error.retryAfterSeconds) });
  }
  if (error instanceof UpstreamFailure) return failure(502, 'the upstream did not answer as asked');
  return failure(500, 'the registry failed');
}

/** These statuses are none of the specification's; so are their codes. */
function failure(status: number, message: string, headers: Record<string, string> = {}): Answer {
  const code = status === 500 ? 'UNKNOWN' : 'UNAVAILABLE';
  return { ...errorAnswer([{ code, message }], headers), status };
}

function errorAnswer(errors: readonly object[], headers: Readonly<Record<string, string>>): Answer {
  return jsonAnswer({ errors }, { ...API_VERSION, ...headers });
}
