/** What policies say of names that are about to change, in memory. */
import type { Digest } from '../../../oci/digest.ts';
import type { Actor } from '../../../oci/events/actor.ts';
import { isInTree, type Quota } from '../../../oci/lifecycle/policy.ts';
import { quotaExceeded } from '../../../oci/lifecycle/quota.ts';
import { ChangeRefused } from '../../failure.ts';
import type { NameMove } from '../../tree/tree-changes.ts';
import type { MemoryFacts, MemoryRepository } from '../facts.ts';

/** @throws ChangeRefused */
export function assertMayMove(facts: MemoryFacts, names: readonly NameMove[], actor: Actor): void {
  const { policies, repositories } = facts;
  for (const { from, to } of names) {
    policies.assertRepositoryMayGo({ repository: from, actor });
    const tags = [...repositories.get(from)!.tags.keys()];
    const created = tags.map((tag) => ({ tag, kind: 'create' }) as const);
    policies.assertTagsMayChange({ repository: to, actor }, created);
  }
  const quotas = policies.list().filter((one): one is Quota => one.kind === 'quota');
  for (const quota of quotas) assertRoom(facts, names, quota);
}

/** Of what comes into its tree: each blob once, and only where it is new there. */
function assertRoom(
  { policies, repositories }: MemoryFacts,
  names: readonly NameMove[],
  quota: Quota,
): void {
  const comes = names
    .filter(({ from, to }) => isInTree(to, quota.path) && !isInTree(from, quota.path))
    .map(({ from }) => repositories.get(from)!);
  const here = [...repositories].filter(([name]) => isInTree(name, quota.path));
  const known = blobsOf(here.map(([, repository]) => repository));
  const blobs = [...blobsOf(comes)].filter(([digest]) => !known.has(digest));
  const manifests = comes.flatMap((repository) => [...repository.manifests.values()]);
  const sizes = [...blobs.map(([, size]) => size), ...manifests.map((one) => one.content.length)];
  const wanted = sizes.reduce((sum, size) => sum + size, 0);
  const used = policies.usageOf(quota.path);
  if (wanted > 0 && used + wanted > quota.limitBytes) {
    throw new ChangeRefused(quotaExceeded(quota, used, wanted));
  }
}

function blobsOf(repositories: readonly MemoryRepository[]): Map<Digest, number> {
  return new Map(repositories.flatMap(({ blobs }) => [...blobs]));
}
