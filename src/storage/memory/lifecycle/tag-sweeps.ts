/** Memory maker of `TagSweeps`. */
import { listUnkept } from '../../../oci/lifecycle/retention.ts';
import type { Swept, TagSweep, TagSweeps } from '../../lifecycle/tag-sweeps.ts';
import type { MemoryFacts } from '../facts.ts';

export class MemoryTagSweeps implements TagSweeps {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
  }

  async sweep({ repository, limit, isDryRun, actor, ...basis }: TagSweep): Promise<Swept> {
    if (!isDryRun) this.#facts.assertPrimary();
    const { policies, repositories, pushes, pulls } = this.#facts;
    const tagsThere = [...(repositories.get(repository)?.tags ?? [])];
    tagsThere.sort(([one], [other]) => (one < other ? -1 : 1));
    const ages = tagsThere.map(([tag, digest]) => {
      const pull = pulls.get(`${repository} ${tag}`);
      const pushedAt = pushes.get(`${repository}:${tag}`)!.at;
      return { tag, digest, pushedAt, ...(pull ? { pulledAt: pull.at } : {}) };
    });
    const unkept = listUnkept(policies.covering(repository), ages, basis);
    const all = unkept.map(({ tag, digest }) => ({ tag, digest }));
    if (isDryRun) return { tags: all, isWhole: true };
    const tags = all.slice(0, limit);
    for (const { tag } of tags) this.#facts.commit({ kind: 'tag-deleted', repository, tag, actor });
    return { tags, isWhole: tags.length === all.length };
  }
}
