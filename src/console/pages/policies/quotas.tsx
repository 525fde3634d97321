/** Quotas: how much may lie at or below a path, and how much does. */
import { send } from '../../api/client.ts';
import { policyPath, printWhere, type Quota } from '../../api/policies.ts';
import { printBytes, printPercent } from '../../parts/amounts.ts';
import { Empty } from '../../parts/await.tsx';
import { DeleteButton, DialogButton } from '../../parts/dialog.tsx';
import { Choice, Field, readText } from '../../parts/field.tsx';
import { Meter } from '../../parts/figures.tsx';
import { Listed, usePages } from '../../parts/pages.tsx';
import { report } from '../../parts/report.ts';
import { Table } from '../../parts/table.tsx';
import { PathField, readKey } from './fields.tsx';

const UNITS = { '1e6': 'MB', '1e9': 'GB', '1e12': 'TB' };

/** From so much on it is time to look. */
const HIGH_PERCENT = 90;

interface Props {
  readonly onDone: () => Promise<void>;
}

export function Quotas() {
  const pages = usePages<Quota>('quotas', '/api/v1/quotas?n=100');
  return (
    <section class="card">
      <header>
        <h2>Quotas</h2>
        <NewQuota onDone={pages.refresh} />
      </header>
      <Listed pages={pages}>
        {(quotas) =>
          quotas.length === 0 ? <None /> : <Rows quotas={quotas} onDone={pages.refresh} />
        }
      </Listed>
    </section>
  );
}

function None() {
  return (
    <Empty icon="policies" title="No quotas">
      Everybody who may push may fill the store. Set how much a group or a project may hold: what
      would go beyond it is refused.
    </Empty>
  );
}

function NewQuota({ onDone }: Props) {
  const set = async (fields: FormData) => {
    const { path } = readKey(fields);
    await setLimit(path, fields);
    await onDone();
  };
  return (
    <DialogButton title="Set a quota" icon="add" action="Set it" onSubmit={set}>
      <PathField />
      <LimitFields bytes={100e9} />
    </DialogButton>
  );
}

function LimitFields({ bytes }: { readonly bytes: number }) {
  const unit = bytes >= 1e12 ? '1e12' : bytes >= 1e9 ? '1e9' : '1e6';
  return (
    <div class="columns">
      <Field label="At most" name="amount" type="number" value={bytes / Number(unit)} isRequired />
      <Choice label="Unit" name="unit" value={unit} options={UNITS} />
    </div>
  );
}

async function setLimit(path: string, fields: FormData): Promise<void> {
  const limitBytes = Math.round(Number(readText(fields, 'amount')) * Number(fields.get('unit')));
  await send('PUT', policyPath('quotas', { path }), { limitBytes });
  report('well', `At most ${printBytes(limitBytes)} may lie in ${printWhere(path)}.`);
}

interface RowsProps extends Props {
  readonly quotas: readonly Quota[];
}

function Rows({ quotas, onDone }: RowsProps) {
  return (
    <Table
      caption="Quotas"
      rows={quotas}
      keyOf={({ path }) => path}
      columns={[
        { name: 'Path', show: ({ path }) => <strong>{printWhere(path)}</strong> },
        { name: 'Used', show: (quota) => <Used quota={quota} /> },
        { name: 'At most', isAmount: true, show: ({ limitBytes }) => printBytes(limitBytes) },
        { name: 'Actions', show: (quota) => <Actions quota={quota} onDone={onDone} /> },
      ]}
    />
  );
}

function Used({ quota: { usedBytes, limitBytes } }: { readonly quota: Quota }) {
  const percent = limitBytes === 0 ? 100 : Math.min((100 * usedBytes) / limitBytes, 100);
  return (
    <>
      {printBytes(usedBytes)} <span class="soft small">{printPercent(percent)}</span>
      <Meter percent={percent} look={percent >= HIGH_PERCENT ? 'ill' : 'well'} />
    </>
  );
}

function Actions({ quota: { path, limitBytes }, onDone }: Props & { readonly quota: Quota }) {
  const where = printWhere(path);
  const change = async (fields: FormData) => {
    await setLimit(path, fields);
    await onDone();
  };
  const remove = async () => {
    await send('DELETE', policyPath('quotas', { path }));
    report('well', `Nothing limits ${where} any more but what stands above it.`);
    await onDone();
  };
  return (
    <div class="line tight">
      <DialogButton title={`Quota of ${where}`} words="Change…" action="Set it" onSubmit={change}>
        <LimitFields bytes={limitBytes} />
      </DialogButton>
      <DeleteButton what={`the quota of ${where}`} isSquare onDelete={remove}>
        As much may be pushed there as the quotas above it and the store allow.
      </DeleteButton>
    </div>
  );
}
