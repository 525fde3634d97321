/** Who may use the management API; what is not allowed here is refused. */
import type { Context } from 'koa';
import type { Caller } from '../../auth/caller.ts';
import { RegistryError } from '../../oci/error.ts';
import type { Access } from '../../oci/scope.ts';
import type { Gatekeeper } from '../authenticate.ts';

/** What a bearer token must hold; a token for repositories opens nothing here (A20). */
const API_SCOPE: Access = { type: 'registry', name: 'api', actions: ['*'] };

/**
 * The administrator who makes the request.
 * @throws RegistryError UNAUTHORIZED for nobody, DENIED for whoever does not administer.
 */
export function requireAdministrator(context: Context, gatekeeper: Gatekeeper): Promise<Caller> {
  return requireCaller(context, gatekeeper, (caller) => caller.isAdministrator);
}

/**
 * Whoever makes the request and may manage the account: its person, or an administrator.
 * @throws RegistryError UNAUTHORIZED for nobody, DENIED for others, be there such an account or
 * not.
 */
export function requireManager(
  context: Context,
  gatekeeper: Gatekeeper,
  account: string,
): Promise<Caller> {
  return requireCaller(context, gatekeeper, (caller) => caller.mayManage(account));
}

/**
 * Whoever makes the request, known by name.
 * @throws RegistryError UNAUTHORIZED for nobody.
 */
export function requireAccount(context: Context, gatekeeper: Gatekeeper): Promise<Caller> {
  return requireCaller(context, gatekeeper, (caller) => caller.isAuthenticated);
}

async function requireCaller(
  { req }: Context,
  gatekeeper: Gatekeeper,
  isAllowed: (caller: Caller) => boolean,
): Promise<Caller> {
  const scopes = [API_SCOPE];
  const caller = await gatekeeper.authenticate(req, () => scopes);
  if (isAllowed(caller)) return caller;
  if (!caller.isAuthenticated) throw gatekeeper.unauthorized(req, { scopes });
  throw new RegistryError('DENIED', {
    detail: { hint: 'a bearer token needs the scope registry:api:*' },
  });
}
