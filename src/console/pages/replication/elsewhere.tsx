/** What only another site knows: its console tells it. */
import { Refusal } from '../../api/client.ts';
import type { Answer } from '../../api/live.ts';
import type { Site } from '../../api/sites.ts';
import { Empty } from '../../parts/await.tsx';

/** Whether the answer is that another site is to be asked. */
export function isElsewhere({ data, error }: Answer<unknown>): boolean {
  return data === undefined && error instanceof Refusal && error.status === 404;
}

export function AskThere({ site: { name, url } }: { readonly site: Site }) {
  return (
    <Empty icon="replication" title={`Only ${name} itself knows`}>
      Open <a href={`${url}/console/replication?site=${name}`}>the console of {name}</a>: it tells
      each transfer that fails there, and what became of its orders.
    </Empty>
  );
}
