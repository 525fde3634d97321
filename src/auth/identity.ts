/**
 * The first start: a site gets its name and its key, and a new registry its administrator. There is
 * no default password (A26c).
 */
import { generateKeyPairSync } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { parsePathPattern } from '../oci/path-pattern.ts';
import type { Randomness } from '../randomness.ts';
import type { Account, Accounts } from '../storage/accounts.ts';
import type { Identity, IdentityStore } from '../storage/identity.ts';
import type { Site, Sites } from '../storage/sites.ts';
import { findPasswordProblem, generatePassword, hashPassword } from './passwords.ts';
import { publicJwkOf } from './site-keys.ts';

/** Name of the account that the first start makes. */
const ADMINISTRATOR = 'admin';

/** What the configuration says this site is. */
export interface SiteNames {
  readonly cluster: string;
  readonly site: string;
}

/**
 * The identity of this site: the one that is kept, or a new one with a new key. Idempotent, also
 * with several machines at once.
 *
 * @throws Error where the store belongs to another site: its tokens and facts would be mixed up.
 */
export async function establishIdentity(
  store: Pick<IdentityStore, 'find' | 'establish'>,
  names: SiteNames,
): Promise<Identity> {
  const identity =
    (await store.find()) ?? (await store.establish({ ...names, privateKey: generatePrivateKey() }));
  if (identity.cluster !== names.cluster || identity.site !== names.site) {
    throw new Error(
      `the data belongs to the site "${identity.site}" of "${identity.cluster}", ` +
        `not to "${names.site}" of "${names.cluster}"`,
    );
  }
  return identity;
}

/** ES256 needs a key on the curve P-256. PKCS#8, PEM. */
export function generatePrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * At the primary: tells all sites where this one is and by which key to know its tokens. What is
 * not said stays as it was. Idempotent, so that a restart appends nothing to the change log.
 */
export async function announceSite(
  sites: Pick<Sites, 'findSite' | 'recordSite'>,
  { site: name, privateKey }: Identity,
  { url, place }: Pick<Site, 'url' | 'place'>,
): Promise<void> {
  const publicKey = { ...publicJwkOf(privateKey) };
  const known = await sites.findSite(name);
  await sites.recordSite({ ...known, name, url, publicKey, ...(place ? { place } : {}) });
}

interface Dependencies {
  readonly accounts: Pick<Accounts, 'listAccounts' | 'recordAccount'>;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/**
 * At the primary: makes the administrator of a registry that has no account yet. Of several
 * machines that start at once, the first one does.
 *
 * @param password to give to it; one is made up where there is none
 * @returns the password that was made up, to be shown once; `undefined` otherwise.
 * @throws Error where the given one is too short or too long.
 */
export async function ensureAdministrator(
  { accounts, clock, randomness }: Dependencies,
  password: string | undefined,
): Promise<string | undefined> {
  if ((await accounts.listAccounts({ limit: 1 })).length > 0) return undefined;
  const problem = password !== undefined && findPasswordProblem(password);
  if (problem) throw new Error(`the administrator cannot have this password: ${problem}`);
  const generated = password === undefined ? generatePassword(randomness) : undefined;
  const administrator: Account = {
    name: ADMINISTRATOR,
    kind: 'person',
    passwordHash: await hashPassword(password ?? generated!),
    isDisabled: false,
    tokensValidAfter: clock.now(),
    grants: [{ pattern: parsePathPattern('**')!, actions: ['admin'] }],
  };
  const isFirst = await accounts.recordAccount(administrator, 'none');
  return isFirst ? generated : undefined;
}
