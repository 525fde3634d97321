/**
 * PORT: what administrators set at paths of the tree of names. Policies are facts: changing methods
 * append to the change log in their transaction, so every site has them. Throws `NotPrimary`.
 *
 * A write to a repository is judged by the policies that cover it, in its own transaction, by every
 * maker of `Metadata`: no write that was judged before a policy was recorded commits after.
 */
import type { Policy, PolicyKey, PolicyKind, TreePath } from '../../oci/lifecycle/policy.ts';

export interface PolicyPage {
  readonly kind?: PolicyKind;
  /** Only those of exactly this path. */
  readonly path?: TreePath;
  /** Behind this one; it need not exist. */
  readonly after?: PolicyKey;
  readonly limit: number;
}

export type PolicyOutcome =
  | { readonly kind: 'recorded' }
  /** There are as many of its kind at its path as there may be; nothing was written. */
  | { readonly kind: 'too-many' };

export interface Policies {
  find(key: PolicyKey): Promise<Policy | undefined>;

  /** By path, kind and name, in byte order. */
  list(page: PolicyPage): Promise<Policy[]>;

  /** Creates or replaces it whole. Idempotent. A quota is counted anew. */
  record(policy: Policy): Promise<PolicyOutcome>;

  /** @returns whether it was there */
  delete(key: PolicyKey): Promise<boolean>;

  /**
   * Bytes that lie at or below the path: each blob once, each manifest in each repository.
   * `undefined` where no quota is set there.
   */
  findUsage(path: TreePath): Promise<number | undefined>;
}
