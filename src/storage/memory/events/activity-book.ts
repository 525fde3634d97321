/** What happened in the repositories of a site, in memory: in the order of the change log. */
import type { Change, Fact } from '../../change-log.ts';
import type { Activity } from '../../events/activity.ts';

type Said = Omit<Activity, 'id' | 'at'>;

export class ActivityBook {
  entries: Activity[] = [];

  /** Notes what the change says, where it says such a thing. */
  note({ position, at, fact }: Change): void {
    const entries = tellOf(fact).map((said, nth) => ({ id: 2 * position + nth, at, ...said }));
    this.entries.push(...entries);
  }
}

/** A move is told of both names, and not as pushes to the new one. */
function tellOf(fact: Fact): Said[] {
  if (fact.kind === 'manifest-recorded') {
    const { repository, tags, digest, mediaType, actor, movedFrom } = fact;
    const said = { action: 'push', repository, tags, digest, mediaType, actor } as const;
    return movedFrom === undefined ? [said] : [];
  }
  if (fact.kind === 'manifest-deleted') {
    const { repository, digest, actor } = fact;
    return [{ action: 'delete', repository, tags: [], digest, actor }];
  }
  if (fact.kind === 'tag-deleted') {
    const { repository, tag, actor } = fact;
    return [{ action: 'delete', repository, tags: [tag], actor }];
  }
  return fact.kind === 'repository-deleted' ? tellOfEnd(fact) : [];
}

function tellOfEnd({ repository, actor, movedTo }: Extract<Fact, { movedTo?: unknown }>): Said[] {
  if (movedTo === undefined) return [{ action: 'delete', repository, tags: [], actor }];
  const common = { action: 'move', tags: [], actor } as const;
  return [
    { ...common, repository, movedTo },
    { ...common, repository: movedTo, movedFrom: repository },
  ];
}
