/**
 * The token endpoint, on every site's own host (T2), and the keys that its tokens are signed with.
 *
 * > distribution, docs/spec/auth/token.md (GET) and docs/spec/auth/oauth.md (POST)
 */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { type BasicCredential, readBasic } from '../auth/authenticator.ts';
import { TOKEN_PATH } from '../auth/challenge.ts';
import {
  type Issuer,
  invalidRequest,
  type Proof,
  type TokenAnswer,
  wrongCredentials,
} from '../auth/issuer.ts';
import type { SiteKeys } from '../auth/site-keys.ts';
import { printScope } from '../oci/scope.ts';
import { emptyAnswer, jsonAnswer, writeAnswer } from './answer.ts';
import type { Gatekeeper } from './authenticate.ts';
import { readForm } from './read-body.ts';
import type { Mirrors } from './virtual/mirrors.ts';

export interface TokenDependencies {
  readonly issuer: Issuer;
  readonly siteKeys: SiteKeys;
  readonly gatekeeper: Pick<Gatekeeper, 'clientAddress' | 'count'>;
  /** Says what scopes mean under hosts that are mirrors. */
  readonly mirrors?: Mirrors;
}

/** RFC 6749, section 5.1: what is secret is not to be kept on the way. */
const NOT_STORED = { 'Cache-Control': 'no-store' } as const;

const KEYS_LIFETIME_SECONDS = 300;

export function tokenRoutes(dependencies: TokenDependencies): Router {
  const router = new Router();
  router.get(TOKEN_PATH, (context) => getToken(context, dependencies));
  router.post(TOKEN_PATH, (context) => postToken(context, dependencies));
  router.post('/jwt/revoke', (context) => revokeToken(context, dependencies));
  router.get('/jwt/keys', (context) => getKeys(context, dependencies));
  return router;
}

/** By Basic, or anonymous where there is no `Authorization` at all. */
async function getToken(
  context: Context,
  { issuer, gatekeeper, mirrors }: TokenDependencies,
): Promise<void> {
  await gatekeeper.count(context.req);
  const query = new URLSearchParams(context.querystring);
  const basic = readAuthorization(context, issuer.service);
  const address = gatekeeper.clientAddress(context.req);
  assertAccount(query.get('account'), basic?.name);
  const answer = await issuer.issue({
    proof: basic ? { kind: 'password', attempt: { ...basic, address } } : { kind: 'anonymous' },
    service: query.get('service') ?? undefined,
    scopes: await readScopes(context, query, mirrors),
    wantsRefreshToken: query.get('offline_token') === 'true',
  });
  const body = { token: answer.token, ...commonFields(answer) };
  await writeAnswer(context, jsonAnswer(body, NOT_STORED));
}

/** By password or refresh token; there is no anonymous grant. */
async function postToken(
  context: Context,
  { issuer, gatekeeper, mirrors }: TokenDependencies,
): Promise<void> {
  await gatekeeper.count(context.req);
  const form = await readForm(context);
  // > client_id … REQUIRED. String identifying the client.
  readField(form, 'client_id');
  const answer = await issuer.issue({
    proof: readGrant(form, gatekeeper.clientAddress(context.req)),
    service: readField(form, 'service'),
    // > scope … One or multiple: podman sends the field several times.
    scopes: await readScopes(context, form, mirrors),
    wantsRefreshToken: form.get('access_type') === 'offline',
  });
  const granted = answer.access.filter((entry) => entry.actions.length > 0);
  const body = { ...commonFields(answer), scope: granted.map(printScope).join(' ') };
  await writeAnswer(context, jsonAnswer(body, NOT_STORED));
}

/** Log-out (RFC 7009): 200 for an unknown token too. */
async function revokeToken(context: Context, { issuer }: TokenDependencies): Promise<void> {
  await issuer.revoke(readField(await readForm(context), 'token'));
  await writeAnswer(context, emptyAnswer(200));
}

async function getKeys(context: Context, { siteKeys }: TokenDependencies): Promise<void> {
  const headers = { 'Cache-Control': `public, max-age=${KEYS_LIFETIME_SECONDS}` };
  await writeAnswer(context, jsonAnswer(await siteKeys.list(), headers));
}

async function readScopes(
  { req }: Context,
  fields: URLSearchParams,
  mirrors: Mirrors | undefined,
): Promise<string[]> {
  const scopes = fields.getAll('scope');
  return mirrors ? mirrors.readScopes(req, scopes) : scopes;
}

function commonFields(answer: TokenAnswer): Readonly<Record<string, unknown>> {
  return {
    access_token: answer.token,
    expires_in: answer.expiresInSeconds,
    issued_at: answer.issuedAt.toISOString(),
    ...(answer.refreshToken === undefined ? {} : { refresh_token: answer.refreshToken }),
  };
}

/** Whoever shows something that is no Basic credential is refused, never taken for nobody. */
function readAuthorization(context: Context, service: string): BasicCredential | undefined {
  const { authorization } = context.headers;
  if (authorization === undefined) return undefined;
  const basic = readBasic(authorization);
  if (!basic) throw wrongCredentials(service);
  return basic;
}

/**
 * docker and podman repeat the name as `account`; it proves nothing, but must not say otherwise.
 */
function assertAccount(account: string | null, name: string | undefined): void {
  if (account && name !== undefined && account !== name) {
    throw invalidRequest('account must be the name in the Authorization header');
  }
}

function readGrant(form: URLSearchParams, address: string): Proof {
  const grantType = readField(form, 'grant_type');
  if (grantType === 'refresh_token') {
    return { kind: 'refresh', secret: readField(form, 'refresh_token') };
  }
  if (grantType !== 'password') {
    throw invalidRequest('grant_type must be password or refresh_token');
  }
  const [name, secret] = [readField(form, 'username'), readField(form, 'password')];
  return { kind: 'password', attempt: { name, secret, address } };
}

function readField(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (!value) throw invalidRequest(`${name} is required`);
  return value;
}
