/** Who administered what at this site, from where, and what came of it. */
import { useSignal } from '@preact/signals';
import { printAge } from '../parts/amounts.ts';
import { Empty } from '../parts/await.tsx';
import { Button } from '../parts/button.tsx';
import { Choice, Filter } from '../parts/field.tsx';
import { Listed, usePages } from '../parts/pages.tsx';
import { Table } from '../parts/table.tsx';

interface Act {
  readonly id: number;
  readonly at: string;
  readonly actor: string;
  readonly address: string;
  readonly agent: string;
  readonly method: string;
  readonly path: string;
  readonly outcome: keyof typeof LOOKS;
  readonly status?: number;
  /** What the request asked for, without secrets. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

const LOOKS = { done: 'well', refused: 'warn', failed: 'ill', begun: '' } as const;

const OUTCOMES = {
  '': 'Everything',
  done: 'What was done',
  refused: 'What was refused',
  failed: 'What failed',
  begun: 'What has no outcome',
};

const PREFIX = '/api/v1';

export function Audit() {
  const actor = useSignal('');
  const path = useSignal('');
  const outcome = useSignal('');
  const query = new URLSearchParams({ n: '50' });
  if (actor.value) query.set('actor', actor.value);
  if (path.value) query.set('path', toPath(path.value));
  if (outcome.value) query.set('outcome', outcome.value);
  const pages = usePages<Act>('acts', `/api/v1/audit?${query}`);
  return (
    <>
      <header>
        <div>
          <h1>Audit log</h1>
          <p>Administrative acts at this site, the newest first. Each site keeps its own.</p>
        </div>
      </header>
      <div class="line chooser">
        <Choice
          label="Outcome"
          name="outcome"
          value={outcome.value}
          options={OUTCOMES}
          onChange={(value) => (outcome.value = value)}
        />
        <Filter label="Who" placeholder="Everybody" onChange={(text) => (actor.value = text)} />
        <Filter
          label="What begins like"
          placeholder="accounts/"
          onChange={(text) => (path.value = text)}
        />
        <Button icon="refresh" onPress={pages.refresh}>
          Refresh
        </Button>
      </div>
      <section class="card" aria-label="Administrative acts">
        <Listed pages={pages}>
          {(acts) => (acts.length === 0 ? <None /> : <List acts={acts} />)}
        </Listed>
      </section>
    </>
  );
}

/** People write what the console shows: without the part that all have in common. */
function toPath(text: string): string {
  return text.startsWith(PREFIX) ? text : `${PREFIX}/${text.replace(/^\/+/, '')}`;
}

function None() {
  return (
    <Empty icon="audit" title="No such acts">
      What is set, made or deleted by the API, the console or the command line stands here. Choose
      everything, and leave the other fields empty, to see all of it.
    </Empty>
  );
}

function List({ acts }: { readonly acts: readonly Act[] }) {
  return (
    <Table
      caption="Administrative acts, the newest first"
      rows={acts}
      keyOf={({ id }) => String(id)}
      columns={[
        { name: 'When', show: ({ at }) => <When at={at} /> },
        { name: 'Who', show: ({ actor }) => actor || <span class="soft">nobody known</span> },
        { name: 'From', show: ({ address, agent }) => <span title={agent}>{address}</span> },
        { name: 'What', show: (act) => <What act={act} /> },
        { name: 'Outcome', show: (act) => <Outcome act={act} /> },
      ]}
    />
  );
}

function When({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={new Date(at).toLocaleString()}>
      {printAge(at)}
    </time>
  );
}

function What({ act: { method, path, fields } }: { readonly act: Act }) {
  const shown = path.startsWith(PREFIX) ? path.slice(PREFIX.length + 1) : path;
  const asked = fields && Object.keys(fields).length > 0 ? JSON.stringify(fields) : '';
  return (
    <>
      <span class="badge">{method}</span> <code>{shown}</code>
      {asked && <div class="soft small">{asked}</div>}
    </>
  );
}

function Outcome({ act: { outcome, status } }: { readonly act: Act }) {
  return (
    <>
      <span class={`badge ${LOOKS[outcome]}`}>{outcome}</span>{' '}
      {status && <span class="soft small">{status}</span>}
    </>
  );
}
