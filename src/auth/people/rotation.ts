/** A new secret for an account that logs in by access tokens, as robots do. */
import type { AccessToken } from '../../storage/accounts.ts';
import type { Roster } from '../roster.ts';

export interface NewSecret {
  readonly label: string;
  readonly expiresAt?: Date | undefined;
}

/**
 * Makes an access token and ends every one that was there before it, with all that was had by them.
 * What of it takes hold when the process dies in between: the new one, and some of the old ones.
 *
 * @returns the token with its secret, which is shown this once
 * @throws RegistryError NAME_UNKNOWN; UNSUPPORTED (400) for a time that has passed
 */
export async function rotate(
  roster: Roster,
  account: string,
  { label, expiresAt }: NewSecret,
): Promise<{ readonly token: AccessToken; readonly secret: string }> {
  const former = await roster.listAccessTokens(account);
  const expiry = expiresAt ? { expiresAt } : {};
  const made = await roster.createAccessToken({
    account,
    label,
    actions: [],
    patterns: [],
    ...expiry,
  });
  for (const { id } of former) await roster.deleteAccessToken(account, id);
  await roster.endTokens(account);
  return made;
}
