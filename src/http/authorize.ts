/** Whether the caller may do what the route does: whatever is not granted is refused. */
import type { Verdict } from '../auth/caller.ts';
import { RegistryError } from '../oci/error.ts';
import { parseRepositoryName, type RepositoryName } from '../oci/reference.ts';
import type { Access } from '../oci/scope.ts';
import { printVirtualName } from '../oci/virtual-name.ts';
import type { Call } from './v2/call.ts';

/**
 * What a route asks of its caller.
 *
 * - `token`: any valid token, an anonymous one too, but not none at all (T1)
 * - `catalog`: the right to list repositories
 * - `virtual`: the right to read images of that virtual registry, unless everybody may
 * - `upload-token`: a token for this very upload, which the handler reads, and no other (V20)
 * - the others: that right on the repository in the path
 */
export type RouteAccess =
  | 'token'
  | 'catalog'
  | 'virtual'
  | 'upload-token'
  | 'pull'
  | 'push'
  | 'delete';

/** > GET, HEAD → pull; POST, PUT, PATCH → pull, push; DELETE → delete (distribution, app.go) */
const SCOPE_ACTIONS = {
  pull: ['pull'],
  // Clients ask for `pull` wherever they pull from.
  virtual: ['pull'],
  push: ['pull', 'push'],
  delete: ['delete'],
} as const;

const CATALOG: Access = { type: 'registry', name: 'catalog', actions: ['*'] };

/**
 * What may be changed through the API at all, whoever asks: everything, all but deleting, nothing.
 */
export type Changes = 'all' | 'push' | 'none';

/**
 * Refuses a change that this registry does not take from anybody (125, 127).
 *
 * @throws RegistryError UNSUPPORTED
 */
export function refuseChange(access: RouteAccess, changes: Changes): void {
  if (access === 'delete' && changes !== 'all') {
    throw new RegistryError('UNSUPPORTED', { message: 'nothing may be deleted here' });
  }
  if (access === 'push' && changes === 'none') {
    throw new RegistryError('UNSUPPORTED', { message: 'this registry is read-only' });
  }
}

/** The scopes that a token for this route must hold. */
export function scopesFor(access: RouteAccess, name: string): readonly Access[] {
  if (access === 'token' || access === 'upload-token') return [];
  if (access === 'catalog') return [CATALOG];
  const repository = parseRepositoryName(name);
  return repository ? [repositoryScope(repository, access)] : [];
}

export function repositoryScope(
  repository: RepositoryName,
  access: keyof typeof SCOPE_ACTIONS,
): Access {
  return { type: 'repository', name: repository, actions: SCOPE_ACTIONS[access] };
}

/**
 * Lets the call pass or throws. A private repository and one that does not exist get the same
 * answer, since nothing but names is looked at here (T18).
 *
 * @param isPublic whether everybody may read the virtual registry that the path names
 * @throws RegistryError UNAUTHORIZED with a challenge where a better token could be had, DENIED
 * where it could not, NAME_INVALID where the path names no repository.
 */
export async function authorize(
  call: Call,
  access: RouteAccess,
  isPublic: () => Promise<boolean>,
): Promise<void> {
  let verdict = judge(call, access);
  if (verdict !== 'granted' && (await isPublic())) verdict = judge(call, 'token');
  if (verdict === 'granted') return;
  if (verdict === 'denied') throw new RegistryError('DENIED');
  throw call.unauthorized(scopesFor(access, call.name));
}

function judge(call: Call, access: RouteAccess): Verdict {
  const { caller } = call;
  if (access === 'token') return caller.isAuthenticated ? 'granted' : 'ask';
  if (access === 'catalog') return caller.judgeCatalog().verdict;
  if (access === 'upload-token') return 'granted';
  if (access === 'virtual') {
    return caller.judge('read_virtual_registry', printVirtualName(call.virtual));
  }
  return caller.judge(access, call.repository);
}
