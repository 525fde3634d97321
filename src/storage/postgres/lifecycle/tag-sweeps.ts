/** `TagSweeps` in PostgreSQL. */
import type { Digest } from '../../../oci/digest.ts';
import { listUnkept, type TagAge } from '../../../oci/lifecycle/retention.ts';
import type { Swept, TagSweep, TagSweeps } from '../../lifecycle/tag-sweeps.ts';
import type { Database } from '../database.ts';
import { appendChanges } from '../facts/append.ts';
import { deleteTags } from '../facts/manifests.ts';
import { lockRepository } from '../facts/repositories.ts';

const LIST_AGES = `
  SELECT tag.name AS tag, tag.digest, pushed_at AS "pushedAt", pulled_at AS "pulledAt"
  FROM tags AS tag
  LEFT JOIN image_pulls AS pull ON pull.repository = tag.repository AND pull.reference = tag.name
  WHERE tag.repository = ? ORDER BY tag.name`;

type Row = Omit<TagAge, 'pulledAt'> & {
  readonly digest: Digest;
  readonly pulledAt: Date | null;
};

export class PostgresTagSweeps implements TagSweeps {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  sweep({ repository, limit, isDryRun, actor, ...basis }: TagSweep): Promise<Swept> {
    return this.#database.transaction(async (trx) => {
      const policies = await lockRepository(trx, repository);
      const { rows } = await trx.raw(LIST_AGES, [repository]);
      const ages = rows.map(({ pulledAt, ...row }: Row) => {
        return pulledAt ? { ...row, pulledAt } : row;
      });
      const unkept = listUnkept<TagAge & { readonly digest: Digest }>(policies, ages, basis);
      const all = unkept.map(({ tag, digest }) => ({ tag, digest }));
      if (isDryRun) return { tags: all, isWhole: true };
      const tags = all.slice(0, limit);
      await deleteTags(trx, { repository, what: tags.map(({ tag }) => tag) });
      const facts = tags.map(
        ({ tag }) => ({ kind: 'tag-deleted', repository, tag, actor }) as const,
      );
      await appendChanges(trx, facts);
      return { tags, isWhole: tags.length === all.length };
    });
  }
}
