/** Retentions: which tags are kept; those that none keeps go at night, or when somebody says so. */
import { send } from '../../api/client.ts';
import { type KeepRules, policyPath, printWhere, type Retention } from '../../api/policies.ts';
import { printSome } from '../../parts/amounts.ts';
import { Empty } from '../../parts/await.tsx';
import { DeleteButton, DialogButton } from '../../parts/dialog.tsx';
import { Field, readText } from '../../parts/field.tsx';
import { Listed, usePages } from '../../parts/pages.tsx';
import { report } from '../../parts/report.ts';
import { Table } from '../../parts/table.tsx';
import { readKey, readTags, TagFields } from './fields.tsx';
import { Preview } from './preview.tsx';

/** Words by rule. */
const RULES: Readonly<Record<keyof KeepRules, string>> = {
  lastPushed: 'So many pushed last',
  pushedWithinDays: 'Pushed within days',
  lastPulled: 'So many pulled last',
  pulledWithinDays: 'Pulled within days',
};

interface Props {
  readonly onDone: () => Promise<void>;
}

export function Retentions() {
  const pages = usePages<Retention>('retentions', '/api/v1/retentions?n=100');
  const items = pages.loaded.value?.items ?? [];
  return (
    <section class="card">
      <header>
        <h2>Retention</h2>
        <NewRetention onDone={pages.refresh} />
      </header>
      <Listed pages={pages}>
        {(retentions) =>
          retentions.length === 0 ? (
            <None />
          ) : (
            <Rows retentions={retentions} onDone={pages.refresh} />
          )
        }
      </Listed>
      {items.length > 0 && <Preview key={items.map(keyOf).join(' ')} />}
    </section>
  );
}

function None() {
  return (
    <Empty icon="policies" title="Everything is kept">
      Say which tags of a path are to be kept, such as the last 20 that were pushed. The others of
      them go at night; what would go is shown here before.
    </Empty>
  );
}

function NewRetention({ onDone }: Props) {
  const set = async (fields: FormData) => {
    const key = readKey(fields);
    const body = { tags: readTags(fields), keep: readKeep(fields) };
    await send('PUT', policyPath('retentions', key), body);
    report('well', `The retention ${key.name} holds in ${printWhere(key.path)}.`);
    await onDone();
  };
  return (
    <DialogButton title="Keep only some tags" icon="add" action="Set it" onSubmit={set}>
      <TagFields />
      <fieldset>
        <legend>Of these, kept is what one of these says</legend>
        <div class="columns">
          {Object.entries(RULES).map(([rule, words]) => (
            <Field key={rule} label={words} name={rule} type="number" />
          ))}
        </div>
      </fieldset>
    </DialogButton>
  );
}

/** What stays empty is no rule. */
function readKeep(fields: FormData): KeepRules {
  const rules = Object.keys(RULES).flatMap((rule) => {
    const text = readText(fields, rule);
    return text === '' ? [] : [[rule, Number(text)] as const];
  });
  return Object.fromEntries(rules);
}

interface RowsProps extends Props {
  readonly retentions: readonly Retention[];
}

function Rows({ retentions, onDone }: RowsProps) {
  return (
    <Table
      caption="Retentions"
      rows={retentions}
      keyOf={keyOf}
      columns={[
        { name: 'Name', show: ({ name }) => <strong>{name}</strong> },
        { name: 'Path', show: ({ path }) => printWhere(path) },
        { name: 'Tags', show: ({ tags }) => <code>{tags.join(' ')}</code> },
        { name: 'Keeps', show: ({ keep }) => printKeep(keep) },
        { name: 'Actions', show: (retention) => <Remove retention={retention} onDone={onDone} /> },
      ]}
    />
  );
}

function keyOf({ path, name }: Retention): string {
  return `${path}:${name}`;
}

function printKeep(keep: KeepRules): string {
  const { lastPushed, lastPulled, pushedWithinDays, pulledWithinDays } = keep;
  const words = [
    lastPushed && `the last ${lastPushed} pushed`,
    lastPulled && `the last ${lastPulled} pulled`,
    pushedWithinDays && `what was pushed within ${printSome(pushedWithinDays, 'day')}`,
    pulledWithinDays && `what was pulled within ${printSome(pulledWithinDays, 'day')}`,
  ];
  return words.filter(Boolean).join('; ');
}

function Remove({ retention, onDone }: Props & { readonly retention: Retention }) {
  const { name, path } = retention;
  const remove = async () => {
    await send('DELETE', policyPath('retentions', { path, name }));
    report('well', `The retention ${name} holds no more.`);
    await onDone();
  };
  return (
    <DeleteButton what={`the retention ${name}`} isSquare onDelete={remove}>
      Its tags are kept from then on, unless another retention speaks of them.
    </DeleteButton>
  );
}
