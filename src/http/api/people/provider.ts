/** Signing in by an identity provider, under `/api/v1/session/provider`. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import type { ProviderSignIn } from '../../../auth/people/provider-sign-in.ts';
import { ATTEMPT_SECONDS } from '../../../auth/people/sealed-attempt.ts';
import { RegistryError } from '../../../oci/error.ts';
import { emptyAnswer, jsonAnswer, writeAnswer } from '../../answer.ts';
import { printCookie, readCookie } from '../../people/cookies.ts';
import { PROVIDER_CALLBACK, SESSION_PATH } from '../../people/session-door.ts';
import { cookieFor, type SessionDependencies } from './session.ts';

export interface ProviderDependencies extends SessionDependencies {
  /** Absent where there is none. */
  readonly providerSignIn?: ProviderSignIn | undefined;
  /** What people call it. */
  readonly providerLabel: string;
}

const PATH = `${SESSION_PATH}/provider`;
const COOKIE = 'meridian_sign_in';
const FRESH = { 'Cache-Control': 'no-store' };

export function providerRoutes(dependencies: ProviderDependencies): Router {
  const router = new Router();
  router.get(`${SESSION_PATH}/methods`, (context) => listMethods(context, dependencies));
  router.get(PATH, (context) => leave(context, dependencies));
  router.get(PROVIDER_CALLBACK, (context) => comeBack(context, dependencies));
  return router;
}

/** How one may sign in here. */
async function listMethods(context: Context, dependencies: ProviderDependencies): Promise<void> {
  const { providerSignIn, providerLabel: label } = dependencies;
  const provider = providerSignIn ? { provider: { label, path: PATH } } : {};
  await writeAnswer(context, jsonAnswer({ password: true, ...provider }, FRESH));
}

/** Leads the browser to the provider. */
async function leave(context: Context, dependencies: ProviderDependencies): Promise<void> {
  const { gatekeeper } = dependencies;
  const providerSignIn = requireProvider(dependencies);
  await gatekeeper.count(context.req);
  const redirectUrl = `${gatekeeper.baseUrl(context.req)}${PROVIDER_CALLBACK}`;
  const returnTo = new URLSearchParams(context.querystring).get('return_to') ?? undefined;
  const { url, carried } = await providerSignIn.begin(redirectUrl, returnTo);
  const cookie = carriedCookie(context, dependencies, carried);
  await writeAnswer(context, emptyAnswer(302, { ...FRESH, Location: url, 'Set-Cookie': cookie }));
}

/** The provider led the browser back: it gets its session, and goes where it wanted to. */
async function comeBack(context: Context, dependencies: ProviderDependencies): Promise<void> {
  const { gatekeeper } = dependencies;
  const providerSignIn = requireProvider(dependencies);
  await gatekeeper.count(context.req);
  const carried = readCookie(context.req, COOKIE);
  const { session, returnPath } = await providerSignIn.finish(context.querystring, carried);
  context.state['caller'] = { account: session.account };
  const cookies = [
    cookieFor(context, dependencies, session),
    carriedCookie(context, dependencies, ''),
  ];
  const headers = { ...FRESH, Location: returnPath, 'Set-Cookie': cookies };
  await writeAnswer(context, emptyAnswer(302, headers));
}

/** `Lax`: the provider, which is another site, leads the browser to where it is read. */
function carriedCookie(
  { req }: Context,
  { gatekeeper }: ProviderDependencies,
  value: string,
): string {
  return printCookie({
    name: COOKIE,
    value,
    path: PATH,
    maxAgeSeconds: value === '' ? 0 : ATTEMPT_SECONDS,
    sameSite: 'Lax',
    isSecure: gatekeeper.baseUrl(req).startsWith('https:'),
  });
}

function requireProvider({ providerSignIn }: ProviderDependencies): ProviderSignIn {
  if (providerSignIn) return providerSignIn;
  throw new RegistryError('UNSUPPORTED', {
    status: 404,
    message: 'nobody signs in by an identity provider here',
  });
}
