/** Who makes a request, and what this request's token lets them do. */
import type { PathPattern } from '../oci/path-pattern.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Action } from '../storage/accounts.ts';

/**
 * What came of asking for a right.
 *
 * - `granted`
 * - `ask`: the token was not asked for this; a better one might be had (401 with a challenge, T18)
 * - `denied`: the token was asked for it and did not get it (403)
 */
export type Verdict = 'granted' | 'ask' | 'denied';

export interface Caller {
  /** Name of the account; '' for an anonymous caller. */
  readonly account: string;

  /**
   * Position of the change log that was learned when this request was authenticated: whatever else
   * it reads from memory need not ask for it again. Absent where it was not learned.
   */
  readonly asOf?: number;

  /**
   * Whether the caller may do this there: the token must hold it and the account must still have
   * it. `overwrite` follows from a token's `push` and the account's grants.
   */
  judge(action: Action, repository: RepositoryName): Verdict;

  /** Whether the caller may list the catalog, and which part of it the account may see. */
  judgeCatalog(): { readonly verdict: Verdict; readonly visible: readonly PathPattern[] };

  /**
   * Whether the caller showed a valid credential. An anonymous token is one, so `GET /v2/` answers
   * 200 to whoever holds it, and 401 to whoever shows nothing (T1).
   */
  readonly isAuthenticated: boolean;

  /** Whether the caller administers the registry as a whole. */
  readonly isAdministrator: boolean;

  /** Whether the caller holds `admin` on all that the pattern covers. */
  administersAll(pattern: PathPattern): boolean;

  /**
   * Whether the caller may change the password and the access tokens of that account:
   * administrators any, people their own. An access token never may its own.
   */
  mayManage(account: string): boolean;
}
