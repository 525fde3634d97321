/** Where virtual registries read from: whether each is reached, and what is cached of it. */
import { useSignal } from '@preact/signals';
import { send } from '../../api/client.ts';
import type { Asked } from '../../api/live.ts';
import type { Upstream } from '../../api/virtual.ts';
import { printAge, printBytes, printCount, printDigest } from '../../parts/amounts.ts';
import { Await, Empty } from '../../parts/await.tsx';
import { Button } from '../../parts/button.tsx';
import { DeleteButton, DialogButton } from '../../parts/dialog.tsx';
import { Check, Field } from '../../parts/field.tsx';
import { Listed, usePages } from '../../parts/pages.tsx';
import { report } from '../../parts/report.ts';
import { Table } from '../../parts/table.tsx';

interface Props {
  readonly asked: Asked<{ readonly upstreams: readonly Upstream[] }>;
  readonly onChange: () => Promise<void>;
}

export function Upstreams({ asked, onChange }: Props) {
  return (
    <section class="card">
      <header>
        <h2>Upstreams</h2>
        <NewUpstream onDone={onChange} />
      </header>
      <Await asked={asked}>
        {({ upstreams }) =>
          upstreams.length === 0 ? (
            <NoUpstream />
          ) : (
            <List upstreams={upstreams} onChange={onChange} />
          )
        }
      </Await>
    </section>
  );
}

function NoUpstream() {
  return (
    <Empty icon="virtual" title="No upstreams yet">
      Docker Hub is <code>https://registry-1.docker.io</code>.
    </Empty>
  );
}

function NewUpstream({ onDone }: { readonly onDone: () => Promise<void> }) {
  const create = async (fields: FormData) => {
    const text = (name: string) => (fields.get(name) as string).trim();
    const [username, password] = [text('username'), text('password')];
    await send('PUT', `/api/v1/virtual_upstreams/${encodeURIComponent(text('name'))}`, {
      url: text('url'),
      rewritesLibrary: fields.get('rewritesLibrary') === 'on',
      ...(username && password ? { username, password } : {}),
    });
    report('well', `The upstream ${text('name')} was added.`);
    await onDone();
  };
  return (
    <DialogButton title="New upstream" icon="add" action="Add it" onSubmit={create}>
      <Field label="Name" name="name" isRequired />
      <Field label="Address" name="url" type="url" hint="Without /v2/." isRequired />
      <div class="columns">
        <Field label="User" name="username" />
        <Field label="Password" name="password" type="password" />
      </div>
      <Check name="rewritesLibrary">Images of one level lie below library/, as at Docker Hub</Check>
    </DialogButton>
  );
}

interface ListProps {
  readonly upstreams: readonly Upstream[];
  readonly onChange: () => Promise<void>;
}

function List({ upstreams, onChange }: ListProps) {
  const opened = useSignal<string | undefined>(undefined);
  const toggle = (name: string) => (opened.value = opened.value === name ? undefined : name);
  return (
    <Table
      caption="Upstreams"
      rows={upstreams}
      keyOf={({ name }) => name}
      columns={[
        { name: 'Name', show: ({ name }) => <strong>{name}</strong> },
        { name: 'Where', show: ({ url, prefix }) => url ?? `${prefix}/ in this registry` },
        { name: 'Tags are good for', show: ({ validityHours }) => printHours(validityHours) },
        {
          name: 'Actions',
          show: ({ name }) => (
            <div class="line">
              <TestButton name={name} />
              <Button onPress={() => toggle(name)}>
                {opened.value === name ? 'Hide the cache' : 'Cache'}
              </Button>
              <PurgeButton name={name} />
              <RemoveButton name={name} onChange={onChange} />
            </div>
          ),
        },
      ]}
      below={({ name }) => opened.value === name && <Cache name={name} />}
    />
  );
}

function printHours(hours: number): string {
  return hours === 0 ? 'ever' : `${printCount(hours)} h`;
}

/** By this site: another one may reach it, or not. */
function TestButton({ name }: { readonly name: string }) {
  const test = async () => {
    const path = `/api/v1/virtual_upstreams/${name}/test`;
    const answer = await send<{ readonly isWell: boolean; readonly sentence: string }>(
      'POST',
      path,
    );
    report(
      answer?.isWell ? 'well' : 'ill',
      `The upstream ${name}: ${answer?.sentence ?? 'no answer'}`,
    );
  };
  return (
    <Button icon="refresh" onPress={test}>
      Test
    </Button>
  );
}

function PurgeButton({ name }: { readonly name: string }) {
  const purge = async () => {
    await send('POST', `/api/v1/virtual_upstreams/${name}/purge`, {});
    report('well', `All that was cached of ${name} was purged.`);
  };
  return (
    <DialogButton title={`Purge ${name}?`} words="Purge…" action="Purge" isDanger onSubmit={purge}>
      <p>All that is cached of it goes, at every site. It comes again when somebody pulls it.</p>
    </DialogButton>
  );
}

function RemoveButton({ name, onChange }: { readonly name: string } & Omit<Props, 'asked'>) {
  const remove = async () => {
    await send('DELETE', `/api/v1/virtual_upstreams/${name}`);
    report('well', `The upstream ${name} was deleted.`);
    await onChange();
  };
  return (
    <DeleteButton what={`the upstream ${name}`} isSquare onDelete={remove}>
      What is cached of it goes too. A registry that lists it must let it go first.
    </DeleteButton>
  );
}

interface Entry {
  readonly image: string;
  readonly tag?: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly pulls: number;
  readonly checkedAt: string;
}

function Cache({ name }: { readonly name: string }) {
  const pages = usePages<Entry>('entries', `/api/v1/virtual_upstreams/${name}/entries?n=50`);
  return (
    <Listed pages={pages}>
      {(entries) =>
        entries.length === 0 ? (
          <p class="soft">Nothing is cached of it at this site.</p>
        ) : (
          <Table
            caption={`What is cached of ${name}`}
            rows={entries}
            keyOf={({ image, tag, digest }) => `${image} ${tag ?? digest}`}
            columns={[
              { name: 'Image', show: ({ image }) => image },
              { name: 'Tag', show: ({ tag, digest }) => tag ?? <code>{printDigest(digest)}</code> },
              { name: 'Size', isAmount: true, show: ({ sizeBytes }) => printBytes(sizeBytes) },
              { name: 'Pulls', isAmount: true, show: ({ pulls }) => printCount(pulls) },
              { name: 'Checked', show: ({ checkedAt }) => printAge(checkedAt) },
            ]}
          />
        )
      }
    </Listed>
  );
}
