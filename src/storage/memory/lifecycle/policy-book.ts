/**
 * Policies in memory, and what they say of changes that are about to be written. Each function
 * throws `ChangeRefused` where a policy stands against the change.
 */
import type { Digest } from '../../../oci/digest.ts';
import { type Actor, nameOf } from '../../../oci/events/actor.ts';
import {
  isInTree,
  type Policy,
  type PolicyKey,
  pathsAbove,
  type Quota,
  type TreePath,
} from '../../../oci/lifecycle/policy.ts';
import { refuseTagChange, type TagChange } from '../../../oci/lifecycle/protection.ts';
import { quotaExceeded } from '../../../oci/lifecycle/quota.ts';
import type { RepositoryName, Tag } from '../../../oci/reference.ts';
import type { Fact } from '../../change-log.ts';
import { ChangeRefused } from '../../failure.ts';
import type { MemoryRepository } from '../facts.ts';

type Repositories = ReadonlyMap<RepositoryName, MemoryRepository>;

/** Where, and by whom. */
export interface Change {
  readonly repository: RepositoryName;
  readonly actor: Actor;
}

export class PolicyBook {
  readonly #repositories: Repositories;
  readonly #policies = new Map<string, Policy>();
  /** Of the accounts that belong to any. */
  readonly #groups = new Map<string, readonly string[]>();

  constructor(repositories: Repositories) {
    this.#repositories = repositories;
  }

  /** In the order of the port. */
  list(): Policy[] {
    return [...this.#policies.values()].sort((one, other) => comparePolicies(one, other));
  }

  find(key: PolicyKey): Policy | undefined {
    return this.#policies.get(keyOf(key));
  }

  write(fact: Fact): void {
    if (fact.kind === 'policy-recorded') this.#policies.set(keyOf(fact.policy), fact.policy);
    else if (fact.kind === 'policy-deleted') this.#policies.delete(keyOf(fact.policy));
    else if (fact.kind === 'account-deleted') this.#forget(fact.name);
    else if (fact.kind === 'account-recorded') {
      this.#groups.set(fact.account.name, fact.account.groups ?? []);
    }
  }

  assertTagsMayChange(
    { repository, actor }: Change,
    tags: readonly Pick<TagChange, 'tag' | 'kind'>[],
  ): void {
    const account = nameOf(actor);
    const writer = { account, groups: this.#groups.get(account) ?? [] };
    for (const change of tags) {
      const refusal = refuseTagChange(this.covering(repository), { repository, ...change }, writer);
      if (refusal !== undefined) throw new ChangeRefused(refusal);
    }
  }

  /** No protected tag may need the content, neither itself nor through an index (A26). */
  assertContentMayChange(
    change: Change,
    { digest, kind }: { readonly digest: Digest; readonly kind: 'move' | 'delete' },
  ): void {
    const found = this.#repositories.get(change.repository);
    const above = new Set([digest]);
    for (const one of above) {
      for (const { digest: parent, blobs, manifests } of found?.manifests.values() ?? []) {
        if (blobs.includes(one) || manifests.includes(one)) above.add(parent);
      }
    }
    const tags = [...(found?.tags ?? [])].filter(([, target]) => above.has(target));
    const changes = tags.map(([tag]) => ({ tag, kind })).sort(byTag);
    this.assertTagsMayChange(change, changes);
  }

  assertRepositoryMayGo(change: Change): void {
    const tags = [...(this.#repositories.get(change.repository)?.tags.keys() ?? [])].sort();
    this.assertTagsMayChange(
      change,
      tags.map((tag) => ({ tag, kind: 'delete' })),
    );
  }

  /** @param blob of that size, or a manifest, which is no blob of anything */
  assertRoom(
    { repository }: Pick<Change, 'repository'>,
    { digest, sizeBytes }: { readonly digest?: Digest; readonly sizeBytes: number },
  ): void {
    const quotas = this.covering(repository).filter((one): one is Quota => one.kind === 'quota');
    for (const quota of quotas) {
      const blobs = this.#blobsIn(quota.path);
      const isThere = digest !== undefined && blobs.has(digest);
      const used = this.usageOf(quota.path);
      if (!isThere && used + sizeBytes > quota.limitBytes) {
        throw new ChangeRefused(quotaExceeded(quota, used, sizeBytes));
      }
    }
  }

  /** Those that cover the repository. */
  covering(repository: RepositoryName): Policy[] {
    const paths = pathsAbove(repository);
    return this.list().filter(({ path }) => paths.includes(path));
  }

  /** See `Policies.findUsage`. */
  usageOf(path: TreePath): number {
    const held = this.#repositoriesIn(path).flatMap(({ manifests }) => [...manifests.values()]);
    const sizes = [...this.#blobsIn(path).values(), ...held.map(({ content }) => content.length)];
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** An account, or a group that its members do not belong to any more. */
  #forget(name: string): void {
    this.#groups.delete(name);
    for (const [account, groups] of this.#groups) {
      this.#groups.set(
        account,
        groups.filter((group) => group !== name),
      );
    }
  }

  #blobsIn(path: TreePath): Map<Digest, number> {
    return new Map(this.#repositoriesIn(path).flatMap(({ blobs }) => [...blobs]));
  }

  #repositoriesIn(path: TreePath): MemoryRepository[] {
    return [...this.#repositories]
      .filter(([name]) => isInTree(name, path))
      .map(([, found]) => found);
  }
}

export function comparePolicies(one: PolicyKey, other: PolicyKey): number {
  const [a, b] = [keyOf(one), keyOf(other)];
  return a < b ? -1 : Number(a > b);
}

function byTag(one: { readonly tag: Tag }, other: { readonly tag: Tag }): number {
  return one.tag < other.tag ? -1 : 1;
}

/** A space comes before every character of a path, so the order is that of path, kind and name. */
function keyOf({ path, kind, name }: PolicyKey): string {
  return `${path} ${kind} ${name}`;
}
