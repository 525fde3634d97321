/**
 * The rules of access, pure: what an account may, what a token is given of what was asked, and what
 * a request is answered. Whatever is not granted is refused.
 */
import { intersectPatterns, matchesPath, type PathPattern } from '../oci/path-pattern.ts';
import { parseRepositoryName, type RepositoryName } from '../oci/reference.ts';
import { type Access, mergeAccess } from '../oci/scope.ts';
import { isVirtualName, spellName } from '../oci/virtual-name.ts';
import type { AccessToken, Account, Action, Grant } from '../storage/accounts.ts';
import type { Caller, Verdict } from './caller.ts';

/** An account that proved who it is, and the access token that it did so with, if any. */
export interface Principal {
  readonly account: Account;
  readonly accessToken?: AccessToken;
}

/** What someone may at this moment. */
export interface Rights {
  /** '' for an anonymous one. */
  readonly account: string;
  readonly grants: readonly Grant[];
  /** An access token's, where one was used; an empty list limits nothing. */
  readonly limits?: Pick<AccessToken, 'actions' | 'patterns'>;
}

/** Which rights a repository scope may ask for; all others are dropped from it. */
const SCOPE_ACTIONS: readonly Action[] = ['pull', 'push', 'delete'];

/** `registry:catalog:*` lists repositories, `registry:api:*` opens the management API. */
const REGISTRY_SCOPES: readonly string[] = ['catalog', 'api'];

const VIRTUAL_ACTIONS: readonly Action[] = ['read_virtual_registry', 'admin'];

const EVERYTHING = '**';

/** A token cannot be asked for these, which clients do not know of; it may hold these instead. */
const CEILINGS: Readonly<Partial<Record<Action, Action>>> = {
  overwrite: 'push',
  read_virtual_registry: 'pull',
};

export function rightsOf({ account, accessToken }: Principal): Rights {
  return {
    account: account.name,
    grants: account.grants,
    ...(accessToken ? { limits: accessToken } : {}),
  };
}

/** Rights of those who do not say who they are: to pull under these patterns, and no others. */
export function anonymousRights(patterns: readonly PathPattern[]): Rights {
  return { account: '', grants: patterns.map((pattern) => ({ pattern, actions: ['pull'] })) };
}

/**
 * Whether the rights hold this action on the repository. `admin` on a path holds all of them, as
 * far as there are any: an image of a virtual registry is read, and nothing else (V16, V18).
 */
export function allows(rights: Rights, action: Action, repository: RepositoryName): boolean {
  const { limits } = rights;
  if (isVirtualName(repository) && !VIRTUAL_ACTIONS.includes(action)) return false;
  if (limits && !includes(limits.actions, action)) return false;
  if (limits?.patterns.length && !limits.patterns.some((one) => matchesPath(one, repository))) {
    return false;
  }
  return rights.grants.some(
    (grant) => holds(grant.actions, action) && matchesPath(grant.pattern, repository),
  );
}

/**
 * Whether the rights administer the registry as a whole: `admin` on `**`, and no limit below it.
 */
export function administers({ grants, limits }: Rights): boolean {
  if (limits && !includes(limits.actions, 'admin')) return false;
  if (limits?.patterns.length && !limits.patterns.some((one) => one === EVERYTHING)) return false;
  return grants.some((grant) => grant.pattern === EVERYTHING && grant.actions.includes('admin'));
}

/** Whether the rights hold `admin` on all that the pattern covers, and no limit lies below it. */
export function administersAll({ grants, limits }: Rights, pattern: PathPattern): boolean {
  if (limits && !includes(limits.actions, 'admin')) return false;
  if (limits?.patterns.length && !limits.patterns.some((one) => covers(one, pattern))) return false;
  return grants.some((one) => one.actions.includes('admin') && covers(one.pattern, pattern));
}

/** Whether the first pattern covers all that the second one does. */
export function covers(one: PathPattern, other: PathPattern): boolean {
  return intersectPatterns(one, other) === other;
}

/** The patterns under which the rights hold `pull`; what lies outside of them is not shown. */
export function visiblePatterns({ grants, limits }: Rights): PathPattern[] {
  if (limits && !includes(limits.actions, 'pull')) return [];
  const granted = grants
    .filter((grant) => holds(grant.actions, 'pull'))
    .map((grant) => grant.pattern);
  if (!limits?.patterns.length) return granted;
  const within = limits.patterns;
  return granted
    .flatMap((pattern) => within.map((limit) => intersectPatterns(pattern, limit)))
    .filter((pattern) => pattern !== undefined);
}

/**
 * What a token gets of what was asked: the intersection with the rights, never more (A22).
 *
 * What was asked and not given stays with an empty list, so that the registry can tell "was
 * refused" from "was never asked" (T18, T19). Unknown types and impossible names are left out.
 */
export function grantAccess(asked: readonly Access[], rights: Rights): Access[] {
  const spelled = asked.map((entry) => ({ ...entry, name: spellName(entry.name) }));
  return mergeAccess(spelled).flatMap((entry) => {
    if (entry.type === 'registry') return grantRegistry(entry, rights);
    const repository = entry.type === 'repository' ? parseRepositoryName(entry.name) : undefined;
    if (!repository) return [];
    const actions = SCOPE_ACTIONS.filter((action) => {
      const right = rightBehind(action, repository);
      return right && entry.actions.includes(action) && allows(rights, right, repository);
    });
    return [{ ...entry, actions }];
  });
}

/**
 * Clients know of no other action than `pull`. In a virtual registry it stands for the right to
 * read that, and nothing stands for a right to write there (V16, A34).
 */
function rightBehind(action: Action, repository: RepositoryName): Action | undefined {
  if (!isVirtualName(repository)) return action;
  return action === 'pull' ? 'read_virtual_registry' : undefined;
}

function grantRegistry(entry: Access, rights: Rights): Access[] {
  if (!REGISTRY_SCOPES.includes(entry.name)) return [];
  const isGranted = rights.account !== '' && entry.actions.includes('*');
  return [{ ...entry, actions: isGranted ? ['*'] : [] }];
}

/** Who showed nothing: may nothing here, and is asked to fetch a token for whatever is wanted. */
export const nobody: Caller = {
  account: '',
  isAuthenticated: false,
  isAdministrator: false,
  administersAll: () => false,
  mayManage: () => false,
  judge: () => 'ask',
  judgeCatalog: () => ({ verdict: 'ask', visible: [] }),
};

/** The caller behind a name and a password or access token: all that the account may. */
export function callerWithRights(rights: Rights): Caller {
  const isAdministrator = administers(rights);
  return {
    account: rights.account,
    isAuthenticated: true,
    isAdministrator,
    administersAll: (pattern) => administersAll(rights, pattern),
    mayManage: (account) => isAdministrator || ownsItself(rights, account),
    judge: (action, repository) => (allows(rights, action, repository) ? 'granted' : 'denied'),
    judgeCatalog: () => ({ verdict: 'granted', visible: visiblePatterns(rights) }),
  };
}

/** The caller behind a token: what the token holds, as far as the rights still go (A23). */
export function callerWithToken(rights: Rights, access: readonly Access[]): Caller {
  const opensApi = holdsRegistry(access, 'api');
  const isAdministrator = opensApi && administers(rights);
  return {
    account: rights.account,
    isAuthenticated: true,
    isAdministrator,
    administersAll: (pattern) => opensApi && administersAll(rights, pattern),
    mayManage: (account) => isAdministrator || (opensApi && ownsItself(rights, account)),
    judge: (action, repository) => judgeByToken({ rights, access }, action, repository),
    judgeCatalog: () => judgeCatalogByToken(rights, access),
  };
}

/**
 * > T18: 401 while the client could still get a better token; 403 DENIED when the token was issued
 * for
 * > that scope and is empty.
 */
function judgeByToken(
  { rights, access }: { readonly rights: Rights; readonly access: readonly Access[] },
  action: Action,
  repository: RepositoryName,
): Verdict {
  if (action === 'admin') {
    if (!holdsRegistry(access, 'api')) return 'ask';
    return allows(rights, 'admin', repository) ? 'granted' : 'denied';
  }
  const entry = access.find((one) => one.type === 'repository' && one.name === repository);
  if (!entry) return 'ask';
  if (!allows(rights, action, repository)) return 'denied';
  return entry.actions.includes(CEILINGS[action] ?? action) ? 'granted' : 'ask';
}

function judgeCatalogByToken(
  rights: Rights,
  access: readonly Access[],
): ReturnType<Caller['judgeCatalog']> {
  const entry = access.find((one) => one.type === 'registry' && one.name === 'catalog');
  if (!entry) return { verdict: 'ask', visible: [] };
  if (!entry.actions.includes('*')) return { verdict: 'denied', visible: [] };
  return { verdict: 'granted', visible: visiblePatterns(rights) };
}

function holdsRegistry(access: readonly Access[], name: string): boolean {
  return access.some(
    (one) => one.type === 'registry' && one.name === name && one.actions.includes('*'),
  );
}

/** An access token never manages the account that it stands in for: it could shed its limits. */
function ownsItself(rights: Rights, account: string): boolean {
  return rights.account !== '' && rights.account === account && rights.limits === undefined;
}

function holds(actions: readonly Action[], action: Action): boolean {
  return actions.includes(action) || actions.includes('admin');
}

function includes(limits: readonly Action[], action: Action): boolean {
  return limits.length === 0 || holds(limits, action);
}
