/** Signing in and out of a browser, and who one is, under `/api/v1/session`. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { csrfTokenOf, type Session, type Sessions } from '../../../auth/sessions/sessions.ts';
import { RegistryError } from '../../../oci/error.ts';
import { emptyAnswer, jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { printCookie, SESSION_COOKIE } from '../../people/cookies.ts';
import { refuseForeignPages, SESSION_PATH, sessionOf } from '../../people/session-door.ts';
import { readJson } from '../../read-body.ts';
import { requireAccount } from '../rights.ts';

export interface SessionDependencies {
  readonly sessions: Sessions;
  readonly gatekeeper: Gatekeeper;
}

/** What is secret is not to be kept on the way. */
const FRESH = { 'Cache-Control': 'no-store' };

const COOKIE_PATH = '/api/v1';

export const signInShape = z.strictObject({
  account: z.string().min(1).max(200),
  password: z.string().min(1).max(2000),
});

export function sessionRoutes(dependencies: SessionDependencies): Router {
  const router = new Router({ prefix: SESSION_PATH });
  router.get('/', (context) => getSession(context, dependencies));
  router.post('/', (context) => signIn(context, dependencies));
  router.delete('/', (context) => signOut(context, dependencies));
  return router;
}

/** 401 without a challenge: a browser that read one would ask for a password by itself. */
async function getSession(context: Context, dependencies: SessionDependencies): Promise<void> {
  const { sessions, gatekeeper } = dependencies;
  const caller = await requireAccount(context, gatekeeper).catch((error: unknown) => {
    throw error instanceof RegistryError && error.status === 401 ? signedOut() : error;
  });
  await writeAnswer(context, await describe(caller.account, sessions, sessionOf(context)));
}

/** The answer brings the cookie. */
async function signIn(context: Context, dependencies: SessionDependencies): Promise<void> {
  const { sessions, gatekeeper } = dependencies;
  refuseForeignPages(context);
  await gatekeeper.count(context.req);
  const { account: name, password: secret } = await readJson(context, signInShape);
  const address = gatekeeper.clientAddress(context.req);
  const session = await sessions.signIn({ name, secret, address }).catch((error: unknown) => {
    throw error instanceof RegistryError && error.status === 401 ? wrongPassword() : error;
  });
  context.state['caller'] = { account: session.account };
  const answer = await describe(session.account, sessions, session);
  const headers = { ...answer.headers, 'Set-Cookie': cookieFor(context, dependencies, session) };
  await writeAnswer(context, { ...answer, headers });
}

async function signOut(context: Context, dependencies: SessionDependencies): Promise<void> {
  const session = sessionOf(context);
  if (session) await dependencies.sessions.end(session.secret);
  const cookie = cookieFor(context, dependencies, undefined);
  await writeAnswer(context, emptyAnswer(204, { ...FRESH, 'Set-Cookie': cookie }));
}

/** Text of the `Set-Cookie` header that begins a session in a browser, or ends it. */
export function cookieFor(
  { req }: Context,
  { sessions, gatekeeper }: SessionDependencies,
  session: Session | undefined,
): string {
  return printCookie({
    name: SESSION_COOKIE,
    value: session?.secret ?? '',
    path: COOKIE_PATH,
    maxAgeSeconds: session ? Math.floor(sessions.lifetimeMs / 1000) : 0,
    sameSite: 'Strict',
    isSecure: gatekeeper.baseUrl(req).startsWith('https:'),
  });
}

async function describe(name: string, sessions: Sessions, session: Session | undefined) {
  const profile = await sessions.findProfile(name);
  if (!profile) throw signedOut();
  const csrf = session ? { csrfToken: csrfTokenOf(session.secret) } : {};
  return jsonAnswer({ ...profile, ...csrf }, FRESH);
}

function signedOut(): RegistryError {
  return new RegistryError('UNAUTHORIZED', { message: 'nobody is signed in' });
}

function wrongPassword(): RegistryError {
  return new RegistryError('UNAUTHORIZED', { message: 'the account or the password is wrong' });
}
