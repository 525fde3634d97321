/**
 * The door for browsers: exchanges the cookie of a session for an `Authorization` header, so that
 * all that stands behind, the primary of a secondary too, knows one kind of credential.
 */
import type { Context, Middleware } from 'koa';
import { isCsrfToken, type Session, type Sessions } from '../../auth/sessions/sessions.ts';
import { RegistryError } from '../../oci/error.ts';
import { readCookie, SESSION_COOKIE } from './cookies.ts';

/** Header in which a page of ours shows that it is one, with each write. */
export const CSRF_HEADER = 'meridian-csrf';

/** Where one signs in, which nobody needs a session for. */
export const SESSION_PATH = '/api/v1/session';

/** Where an identity provider sends browsers back to. */
export const PROVIDER_CALLBACK = `${SESSION_PATH}/provider/callback`;

/** Where a request's state has its session. */
const STATE = 'session';

/**
 * Whoever shows an `Authorization` header is known by that. A cookie that is over counts as none:
 * signing in anew must be possible with it.
 */
export function exchangeSessions(sessions: Sessions): Middleware {
  return async (context, next) => {
    const { headers } = context.req;
    const isApi = context.path.startsWith('/api/');
    // A browser that was once given a password for this host sends that unasked, too.
    if (isApi && isWrite(context)) refuseForeignPages(context);
    const secret = isApi ? readCookie(context.req, SESSION_COOKIE) : undefined;
    if (secret === undefined || headers.authorization !== undefined) return next();
    const session = await sessions.resume(secret);
    if (!session) return next();
    if (isWrite(context)) assertOwnPage(context, session);
    context.state[STATE] = session;
    headers.authorization = session.authorization;
    // It stays here: the primary of a secondary has no use for it.
    delete headers.cookie;
    return next();
  };
}

/** The session that makes the request, where one does. */
export function sessionOf({ state }: Context): Session | undefined {
  return state[STATE] as Session | undefined;
}

/**
 * Browsers send the cookie with whatever a page asks them to. A write counts only where the page
 * knows what only our own can have read (A26g).
 *
 * @throws RegistryError DENIED
 */
function assertOwnPage(context: Context, { secret }: Session): void {
  if (isCsrfToken(context.get(CSRF_HEADER), secret)) return;
  throw new RegistryError('DENIED', { message: `a session shows ${CSRF_HEADER} with each write` });
}

/**
 * > Sec-Fetch-Site … same-origin, same-site, cross-site, none (W3C, Fetch Metadata)
 *
 * @throws RegistryError DENIED where a browser says that another site's page asks
 */
export function refuseForeignPages(context: Context): void {
  const site = context.get('Sec-Fetch-Site');
  if (['', 'same-origin', 'none'].includes(site)) return;
  throw new RegistryError('DENIED', { message: 'this was asked for by a page of another site' });
}

/** Signing in is a write without a session, whatever cookie is left of an earlier one. */
function isWrite({ method, path }: Context): boolean {
  return !['GET', 'HEAD'].includes(method) && !(method === 'POST' && path === SESSION_PATH);
}
