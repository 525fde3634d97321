/** Protections: which tags stay as they are, and who alone may change them. */
import { useSignal } from '@preact/signals';
import { send } from '../../api/client.ts';
import { type Protection, policyPath, printWhere } from '../../api/policies.ts';
import { Empty } from '../../parts/await.tsx';
import { DeleteButton, DialogButton } from '../../parts/dialog.tsx';
import { Choice, Lines, readLines } from '../../parts/field.tsx';
import { Listed, usePages } from '../../parts/pages.tsx';
import { report } from '../../parts/report.ts';
import { Table } from '../../parts/table.tsx';
import { readKey, readTags, TagFields } from './fields.tsx';

interface Props {
  readonly onDone: () => Promise<void>;
}

export function Protections() {
  const pages = usePages<Protection>('protections', '/api/v1/protections?n=100');
  return (
    <section class="card">
      <header>
        <h2>Protected tags</h2>
        <NewProtection onDone={pages.refresh} />
      </header>
      <Listed pages={pages}>
        {(protections) =>
          protections.length === 0 ? (
            <None />
          ) : (
            <Rows protections={protections} onDone={pages.refresh} />
          )
        }
      </Listed>
    </section>
  );
}

function None() {
  return (
    <Empty icon="policies" title="No protected tags">
      Whoever may overwrite may let a tag point elsewhere. Protect those that are released, as{' '}
      <code>v*</code>.
    </Empty>
  );
}

function NewProtection({ onDone }: Props) {
  const set = async (fields: FormData) => {
    const key = readKey(fields);
    const isImmutable = fields.get('who') === 'nobody';
    await send('PUT', policyPath('protections', key), {
      tags: readTags(fields),
      immutable: isImmutable,
      ...(isImmutable ? {} : readWho(fields)),
    });
    report('well', `The protection ${key.name} holds in ${printWhere(key.path)}.`);
    await onDone();
  };
  return (
    <DialogButton title="Protect tags" icon="add" action="Protect" onSubmit={set}>
      <TagFields />
      <WhoFields />
    </DialogButton>
  );
}

function WhoFields() {
  const who = useSignal('nobody');
  return (
    <>
      <Choice
        label="Who may change them"
        name="who"
        value={who.value}
        options={{
          nobody: 'Nobody: created once, then neither moved nor deleted',
          some: 'Only these accounts and groups',
        }}
        onChange={(value) => (who.value = value)}
      />
      {who.value === 'some' && (
        <div class="columns">
          <Lines label="Accounts" name="accounts" hint="One in each line." />
          <Lines label="Groups" name="groups" hint="One in each line." />
        </div>
      )}
    </>
  );
}

function readWho(fields: FormData) {
  const [accounts, groups] = [fields.get('accounts'), fields.get('groups')].map(readLines);
  return { accounts, groups };
}

interface RowsProps extends Props {
  readonly protections: readonly Protection[];
}

function Rows({ protections, onDone }: RowsProps) {
  return (
    <Table
      caption="Protected tags"
      rows={protections}
      keyOf={({ path, name }) => `${path}:${name}`}
      columns={[
        { name: 'Name', show: ({ name }) => <strong>{name}</strong> },
        { name: 'Path', show: ({ path }) => printWhere(path) },
        { name: 'Tags', show: ({ tags }) => <code>{tags.join(' ')}</code> },
        { name: 'May be changed by', show: printWho },
        {
          name: 'Actions',
          show: (protection) => <Remove protection={protection} onDone={onDone} />,
        },
      ]}
    />
  );
}

function printWho({ immutable, accounts = [], groups = [] }: Protection): string {
  if (immutable) return 'nobody';
  const named = [...accounts, ...groups.map((group) => `the group ${group}`)];
  return named.join(', ') || 'nobody that is named';
}

function Remove({ protection, onDone }: Props & { readonly protection: Protection }) {
  const { name, path } = protection;
  const remove = async () => {
    await send('DELETE', policyPath('protections', { path, name }));
    report('well', `The protection ${name} holds no more.`);
    await onDone();
  };
  return (
    <DeleteButton what={`the protection ${name}`} isSquare onDelete={remove}>
      Whoever may overwrite or delete may change these tags again.
    </DeleteButton>
  );
}
