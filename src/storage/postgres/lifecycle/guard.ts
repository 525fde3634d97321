/**
 * Policies inside the transactions that they forbid. Call {@link lockRepository} first: from there
 * to the commit neither the repository nor a policy changes, so nothing comes between the check and
 * the write. Each function throws `ChangeRefused` where a policy stands against the change.
 */
import type { Knex } from 'knex';
import type { Digest } from '../../../oci/digest.ts';
import type { Policy, Quota } from '../../../oci/lifecycle/policy.ts';
import {
  hasProtections,
  refuseTagChange,
  type TagChange,
} from '../../../oci/lifecycle/protection.ts';
import { quotaExceeded } from '../../../oci/lifecycle/quota.ts';
import type { RepositoryName, Tag } from '../../../oci/reference.ts';
import { ChangeRefused } from '../../failure.ts';

/** What is to be changed, under which policies and by whom. */
export interface Guarded {
  readonly repository: RepositoryName;
  /** As `lockRepository` gave them. */
  readonly policies: readonly Policy[];
  /** Name of the account; '' for an anonymous one. */
  readonly actor: string;
}

/** @param tags with what becomes of each */
export async function assertTagsMayChange(
  trx: Knex.Transaction,
  { repository, policies, actor }: Guarded,
  tags: readonly Pick<TagChange, 'tag' | 'kind'>[],
): Promise<void> {
  if (tags.length === 0 || !hasProtections(policies)) return;
  const writer = { account: actor, groups: await readGroups(trx, actor) };
  for (const change of tags) {
    const refusal = refuseTagChange(policies, { repository, ...change }, writer);
    if (refusal !== undefined) throw new ChangeRefused(refusal);
  }
}

/** Those that the account belongs to at this moment. */
async function readGroups(trx: Knex.Transaction, account: string): Promise<readonly string[]> {
  const found = await trx('accounts').where({ name: account }).first('groups');
  return found?.groups ?? [];
}

/** Tags on the content, and on whatever names it: indexes of indexes too. */
const TAGS_ABOVE = `
  WITH RECURSIVE above AS (
    SELECT CAST(:digest AS text) COLLATE "C" AS digest
    UNION
    SELECT edge.parent FROM above JOIN manifest_edges AS edge
      ON edge.child = above.digest AND edge.repository = :repository
  )
  SELECT DISTINCT name FROM tags JOIN above USING (digest)
  WHERE repository = :repository ORDER BY name`;

/**
 * For a manifest or the link of a blob that is to go, or to be served otherwise: no protected tag
 * may need it, neither itself nor through an index (A26).
 */
export async function assertContentMayChange(
  trx: Knex.Transaction,
  guarded: Guarded,
  { digest, kind }: { readonly digest: Digest; readonly kind: 'move' | 'delete' },
): Promise<void> {
  if (!hasProtections(guarded.policies)) return;
  const { rows } = await trx.raw(TAGS_ABOVE, { ...guarded, digest });
  const tags = rows.map(({ name: tag }: { name: Tag }) => ({ tag, kind }));
  await assertTagsMayChange(trx, guarded, tags);
}

/** The same bytes may be pushed again under another type, but for those of a protected tag. */
export async function assertTypeMayChange(
  trx: Knex.Transaction,
  guarded: Guarded,
  { digest, mediaType }: { readonly digest: Digest; readonly mediaType: string },
): Promise<void> {
  if (!hasProtections(guarded.policies)) return;
  const { repository } = guarded;
  const known = await trx('manifests').where({ repository, digest }).first('media_type');
  if (!known || known.media_type === mediaType) return;
  await assertContentMayChange(trx, guarded, { digest, kind: 'move' });
}

/** For a repository that is to go with all its tags, or to get another name. */
export async function assertRepositoryMayGo(
  trx: Knex.Transaction,
  guarded: Guarded,
): Promise<void> {
  const { repository, policies } = guarded;
  if (!hasProtections(policies)) return;
  const names = await trx('tags').where({ repository }).orderBy('name').pluck<Tag[]>('name');
  const tags = names.map((tag) => ({ tag, kind: 'delete' as const }));
  await assertTagsMayChange(trx, guarded, tags);
}

/** What came into the repository. */
export interface Wanted {
  readonly sizeBytes: number;
  /** Of the blob, where it is one: what its tree had already adds nothing there. */
  readonly blob?: Digest;
}

/**
 * Behind what brought bytes into the repository: the triggers have counted them.
 * @param wanted of the change, for the person who reads why it is refused
 */
export async function assertWithinQuotas(
  trx: Knex.Transaction,
  { policies }: Pick<Guarded, 'policies'>,
  { sizeBytes, blob }: Wanted,
): Promise<void> {
  const quotas = policies.filter((one): one is Quota => one.kind === 'quota');
  if (quotas.length === 0) return;
  const usages = await trx<{ path: string; used_bytes: number }>('quota_usages')
    .select('path', 'used_bytes')
    .whereIn(
      'path',
      quotas.map(({ path }) => path),
    );
  const used = new Map(usages.map(({ path, used_bytes }) => [path, used_bytes]));
  for (const quota of quotas) {
    const usedBytes = used.get(quota.path) ?? 0;
    if (usedBytes <= quota.limitBytes || (await isSeveralTimesIn(trx, quota, blob))) continue;
    throw new ChangeRefused(quotaExceeded(quota, usedBytes - sizeBytes, sizeBytes));
  }
}

const COUNT_LINKS = `
  SELECT count(*) FROM (
    SELECT FROM blob_links WHERE digest = :blob
      AND (:path = '' OR repository = :path OR starts_with(repository, :path || '/')) LIMIT 2
  ) AS link`;

/** Whether the tree of the quota, which is full, had the blob before. */
async function isSeveralTimesIn(
  trx: Knex.Transaction,
  { path }: Quota,
  blob: Digest | undefined,
): Promise<boolean> {
  if (!blob) return false;
  const { rows } = await trx.raw(COUNT_LINKS, { path, blob });
  return rows[0].count > 1;
}
