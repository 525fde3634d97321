/** A new secret for an account that logs in by access tokens, as robots do. */
import { RegistryError } from '../../oci/error.ts';
import type { AccessToken } from '../../storage/accounts.ts';
import type { Keeper, NewAccessToken, Roster } from '../roster.ts';

type Limits = Pick<NewAccessToken, 'actions' | 'patterns' | 'expiresAt'>;

/** Limits that are absent are those of the tokens that end. */
export interface NewSecret extends Partial<Pick<Limits, 'actions' | 'patterns'>> {
  readonly account: string;
  readonly label: string;
  /** `null` for never. */
  readonly expiresAt?: Date | null | undefined;
}

/**
 * Makes an access token and ends every one that was there before it, with all that was had by them.
 * What of it takes hold when the process dies in between: the new one, and some of the old ones.
 *
 * @returns the token with its secret, which is shown this once
 * @throws RegistryError NAME_UNKNOWN; DENIED; UNSUPPORTED: 400 for a time that has passed, 409
 * where the former tokens are limited in different ways and nothing says how the new one is
 */
export async function rotate(
  roster: Roster,
  wanted: NewSecret,
  keeper: Keeper,
): Promise<{ readonly token: AccessToken; readonly secret: string }> {
  const { account, label } = wanted;
  const former = await roster.listAccessTokens(account);
  const limits = limitsAfter(former, wanted);
  const made = await roster.createAccessToken({ account, label, ...limits }, keeper);
  for (const { id } of former) await roster.deleteAccessToken(account, id);
  await roster.endTokens(account);
  return made;
}

/** A new secret never opens more than the old ones did, unless somebody says that it is to. */
function limitsAfter(former: readonly AccessToken[], wanted: NewSecret): Limits {
  const actions = wanted.actions ?? shared(former, 'actions');
  const patterns = wanted.patterns ?? shared(former, 'patterns');
  const expiresAt = wanted.expiresAt === undefined ? latestEnd(former) : wanted.expiresAt;
  return { actions, patterns, ...(expiresAt ? { expiresAt } : {}) };
}

function shared<Limit extends 'actions' | 'patterns'>(
  former: readonly AccessToken[],
  limit: Limit,
): AccessToken[Limit] | [] {
  const [first, ...others] = former.map((token) => token[limit]);
  if (!first || others.every((other) => isSameSet(other, first))) return first ?? [];
  throw new RegistryError('UNSUPPORTED', {
    status: 409,
    message: `the tokens of this account have different ${limit}: say which the new one has`,
  });
}

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return one.toSorted().join(' ') === other.toSorted().join(' ');
}

/** When the last of them ends, unless one never does. */
function latestEnd(former: readonly AccessToken[]): Date | undefined {
  const ends = former.map(({ expiresAt }) => expiresAt?.getTime());
  if (ends.length === 0 || ends.includes(undefined)) return undefined;
  return new Date(Math.max(...(ends as number[])));
}
