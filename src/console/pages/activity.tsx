/** Who pushed, deleted and moved what, and when. */
import { useSignal } from '@preact/signals';
import { printAge, printDigest } from '../parts/amounts.ts';
import { Empty } from '../parts/await.tsx';
import { Button } from '../parts/button.tsx';
import { Choice, Filter } from '../parts/field.tsx';
import { Listed, usePages } from '../parts/pages.tsx';
import { Table } from '../parts/table.tsx';
import { linkTo } from '../router.ts';

interface Happening {
  readonly id: number;
  readonly at: string;
  readonly action: 'push' | 'delete' | 'move';
  readonly repository: string;
  readonly tags: readonly string[];
  readonly digest?: string;
  readonly movedTo?: string;
  readonly movedFrom?: string;
  readonly actor: string;
}

const ACTIONS = { '': 'Everything', push: 'Pushes', delete: 'Deletions', move: 'Moves' };
const LOOKS = { push: 'well', delete: 'ill', move: 'accent' } as const;

export function Activity() {
  const action = useSignal('');
  const path = useSignal('');
  const query = new URLSearchParams({ n: '50' });
  if (action.value) query.set('action', action.value);
  if (path.value) query.set('path', path.value);
  const pages = usePages<Happening>('activity', `/api/v1/activity?${query}`);
  return (
    <>
      <header>
        <div>
          <h1>Activity</h1>
          <p>What happened in the repositories that you may pull, the newest first.</p>
        </div>
      </header>
      <div class="line chooser">
        <Choice
          label="What"
          name="action"
          value={action.value}
          options={ACTIONS}
          onChange={(value) => (action.value = value)}
        />
        <Filter label="Where" placeholder="Everywhere" onChange={(text) => (path.value = text)} />
        <Button icon="refresh" onPress={pages.refresh}>
          Refresh
        </Button>
      </div>
      <section class="card" aria-label="What happened">
        <Listed pages={pages}>
          {(happenings) => (happenings.length === 0 ? <Quiet /> : <List rows={happenings} />)}
        </Listed>
      </section>
    </>
  );
}

function Quiet() {
  return (
    <Empty icon="activity" title="Nothing happened">
      As soon as somebody pushes, deletes or moves something, it stands here. Choose everything and
      everywhere to see all of it.
    </Empty>
  );
}

function List({ rows }: { readonly rows: readonly Happening[] }) {
  return (
    <Table
      caption="What happened, the newest first"
      rows={rows}
      keyOf={({ id }) => String(id)}
      columns={[
        { name: 'When', show: ({ at }) => <time dateTime={at}>{printAge(at)}</time> },
        {
          name: 'What',
          show: ({ action }) => <span class={`badge ${LOOKS[action]}`}>{action}</span>,
        },
        {
          name: 'Repository',
          show: ({ repository }) => <a href={linkTo(`images/${repository}`)}>{repository}</a>,
        },
        { name: 'Which', show: printSubject },
        { name: 'Who', show: ({ actor }) => actor || 'somebody' },
      ]}
    />
  );
}

function printSubject({ tags, digest, movedTo, movedFrom }: Happening) {
  if (movedTo) return `to ${movedTo}`;
  if (movedFrom) return `from ${movedFrom}`;
  if (tags.length > 0) return tags.join(', ');
  return digest ? <code>{printDigest(digest)}</code> : 'all of it';
}
