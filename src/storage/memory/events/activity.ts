/** Memory maker of `ActivityFeed`. */
import { matchesPath } from '../../../oci/path-pattern.ts';
import type {
  Activity,
  ActivityFeed,
  ActivityKey,
  ActivityPage,
  ActivitySlice,
} from '../../events/activity.ts';
import type { MemoryFacts } from '../facts.ts';

export class MemoryActivityFeed implements ActivityFeed {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
  }

  async list(page: ActivityPage): Promise<ActivitySlice> {
    const { after, limit } = page;
    const found = this.#facts.activity.entries
      .filter((entry) => isWanted(entry, page) && (!after || compare(entry, after) < 0))
      .sort((one, other) => compare(other, one));
    const items = found.slice(0, limit);
    const last = items.at(-1);
    if (!last || found.length === items.length) return { items };
    return { items, next: { at: last.at, id: last.id } };
  }

  async deleteBefore(time: Date): Promise<number> {
    const { activity } = this.#facts;
    const kept = activity.entries.filter(({ at }) => at >= time);
    const count = activity.entries.length - kept.length;
    activity.entries = kept;
    return count;
  }
}

function isWanted({ repository, action, actor, at }: Activity, page: ActivityPage): boolean {
  const { visible, path, since, until } = page;
  return (
    visible.some((pattern) => matchesPath(pattern, repository)) &&
    (path === undefined || repository === path || repository.startsWith(`${path}/`)) &&
    (page.action ?? action) === action &&
    (page.actor ?? actor) === actor &&
    (since === undefined || at >= since) &&
    (until === undefined || at < until)
  );
}

function compare(one: ActivityKey, other: ActivityKey): number {
  return one.at.getTime() - other.at.getTime() || one.id - other.id;
}
