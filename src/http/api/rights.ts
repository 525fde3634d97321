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
  return requireAllowed(context, gatekeeper, (caller) => caller.isAdministrator);
}

/**
 * Whoever makes the request, known by name.
 * @throws RegistryError UNAUTHORIZED for nobody.
 */
export function requireAccount(context: Context, gatekeeper: Gatekeeper): Promise<Caller> {
  return requireAllowed(context, gatekeeper, (caller) => caller.isAuthenticated);
}

/**
 * Whoever makes the request, where they are allowed to.
 * @throws RegistryError UNAUTHORIZED for nobody, DENIED for others.
 */
export async function requireAllowed(
  { req }: Context,
  gatekeeper: Gatekeeper,
  isAllowed: (caller: Caller) => boolean | Promise<boolean>,
): Promise<Caller> {
  const scopes = [API_SCOPE];
  const caller = await gatekeeper.authenticate(req, () => scopes);
  if (await isAllowed(caller)) return caller;
  if (!caller.isAuthenticated) throw gatekeeper.unauthorized(req, { scopes });
  throw new RegistryError('DENIED', {
    detail: { hint: 'a bearer token needs the scope registry:api:*' },
  });
}
