/** What happened in the repositories of a site, in memory: in the order of the change log. */
import type { Change } from '../../change-log.ts';
import type { Activity } from '../../events/activity.ts';

export class ActivityBook {
  entries: Activity[] = [];

  /** Notes what the change says, where it says such a thing. */
  note({ position, at, fact }: Change): void {
    const when = { position, at };
    if (fact.kind === 'manifest-recorded') {
      const { repository, tags, digest, mediaType, actor } = fact;
      const what = { repository, tags, digest, mediaType, actor };
      this.entries.push({ ...when, action: 'push', ...what });
    } else if (fact.kind === 'manifest-deleted') {
      const { repository, digest, actor } = fact;
      this.entries.push({ ...when, action: 'delete', repository, tags: [], digest, actor });
    } else if (fact.kind === 'tag-deleted' || fact.kind === 'repository-deleted') {
      const { repository, actor } = fact;
      const tags = fact.kind === 'tag-deleted' ? [fact.tag] : [];
      this.entries.push({ ...when, action: 'delete', repository, tags, actor });
    }
  }
}
