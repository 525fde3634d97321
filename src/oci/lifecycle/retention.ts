/** Which tags need not be kept, pure. Every doubt keeps. */
import type { Tag } from '../reference.ts';
import { countsPulls, type KeepRules, type Policy, type Retention } from './policy.ts';
import { isProtected } from './protection.ts';
import { coversTag } from './tag-pattern.ts';

/** A tag with what its age goes by. */
export interface TagAge {
  readonly tag: Tag;
  readonly pushedAt: Date;
  /** Absent where it was never pulled; it then counts from its push. */
  readonly pulledAt?: Date;
}

/** By what ages count. */
export interface AgeBasis {
  readonly at: Date;
  /** False where somebody may have pulled what nobody told of: then no pull is too long ago. */
  readonly arePullsKnown: boolean;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** What stands for referrers of a manifest where a client knows no better: a signature, an SBOM. */
const FALLBACK = /^sha(?:256-[0-9a-f]{64}|512-[0-9a-f]{128})(?:$|\.)/;

/**
 * Tags that at least one retention speaks of, that none of those keeps, and that no protection
 * covers; of one repository, all of whose tags are given.
 */
export function listUnkept<Aged extends TagAge>(
  policies: readonly Policy[],
  tags: readonly Aged[],
  basis: AgeBasis,
): Aged[] {
  const retentions = policies.filter((one): one is Retention => one.kind === 'retention');
  const rules = retentions.map((retention) => {
    const spokenOf = tags.filter(({ tag }) => coversTag(retention.tags, tag));
    return { spokenOf: new Set(spokenOf), kept: keep(retention.keep, spokenOf, basis) };
  });
  return tags.filter((one) => {
    if (isProtected(policies, one.tag) || FALLBACK.test(one.tag)) return false;
    const speaking = rules.filter(({ spokenOf }) => spokenOf.has(one));
    return speaking.length > 0 && !speaking.some(({ kept }) => kept.has(one));
  });
}

function keep(
  rules: KeepRules,
  tags: readonly TagAge[],
  { at: now, arePullsKnown }: AgeBasis,
): ReadonlySet<TagAge> {
  if (!arePullsKnown && countsPulls(rules)) return new Set(tags);
  const { lastPushed = 0, lastPulled = 0, pushedWithinDays, pulledWithinDays } = rules;
  const within = (days: number | undefined, at: Date) =>
    days !== undefined && now.getTime() - at.getTime() <= days * DAY_MS;
  return new Set([
    ...newestBy(pushOf, tags).slice(0, lastPushed),
    ...newestBy(pullOf, tags).slice(0, lastPulled),
    ...tags.filter((one) => within(pushedWithinDays, pushOf(one))),
    ...tags.filter((one) => within(pulledWithinDays, pullOf(one))),
  ]);
}

const pushOf = ({ pushedAt }: TagAge) => pushedAt;
const pullOf = ({ pushedAt, pulledAt }: TagAge) => pulledAt ?? pushedAt;

/** Of two at the same time the later name counts as newer, so that the order is always the same. */
function newestBy(timeOf: (one: TagAge) => Date, tags: readonly TagAge[]): TagAge[] {
  return tags.toSorted((one, other) => {
    const difference = timeOf(other).getTime() - timeOf(one).getTime();
    return difference === 0 ? (one.tag < other.tag ? 1 : -1) : difference;
  });
}
