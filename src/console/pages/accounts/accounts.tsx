/** Accounts and what they may; for who does not administer, their own alone. */
import { useSignal } from '@preact/signals';
import type { Account } from '../../api/accounts.ts';
import { session } from '../../api/session.ts';
import { Empty } from '../../parts/await.tsx';
import { Choice } from '../../parts/field.tsx';
import { Listed, usePages } from '../../parts/pages.tsx';
import { Table } from '../../parts/table.tsx';
import { linkTo, place } from '../../router.ts';
import './accounts.css';
import { Groups } from './groups.tsx';
import { NewAccount } from './new-account.tsx';
import { OneAccount } from './one-account.tsx';
import { OneGroup } from './one-group.tsx';
import { Grants, State } from './rights.tsx';

export function Accounts() {
  const [, chosen] = place.value.path.split('/');
  const group = place.value.query.get('group');
  const own = session.value?.isAdministrator ? undefined : session.value?.account;
  const name = chosen ?? own;
  if (name !== undefined) return <OneAccount key={name} name={name} />;
  return group === null ? <All /> : <OneGroup key={group} name={group} />;
}

const KINDS = { '': 'People and robots', person: 'People', robot: 'Robots' };

function All() {
  const kind = useSignal('');
  const query = new URLSearchParams({ n: '100', ...(kind.value ? { kind: kind.value } : {}) });
  const pages = usePages<Account>('accounts', `/api/v1/accounts?${query}`);
  return (
    <>
      <header>
        <div>
          <h1>Accounts</h1>
          <p>People, robots and groups, the same at every site.</p>
        </div>
        <div class="far">
          <NewAccount onDone={pages.refresh} />
        </div>
      </header>
      <section class="card">
        <header>
          <h2>People and robots</h2>
          <Choice
            label="Which"
            isLabelUnseen
            name="kind"
            value={kind.value}
            options={KINDS}
            onChange={(value) => (kind.value = value)}
          />
        </header>
        <Listed pages={pages}>
          {(accounts) => (accounts.length === 0 ? <Nobody /> : <Rows accounts={accounts} />)}
        </Listed>
      </section>
      <Groups />
    </>
  );
}

function Nobody() {
  return (
    <Empty icon="accounts" title="No such accounts">
      Make the first one with the button above.
    </Empty>
  );
}

function Rows({ accounts }: { readonly accounts: readonly Account[] }) {
  return (
    <Table
      caption="Accounts"
      rows={accounts}
      keyOf={({ name }) => name}
      columns={[
        { name: 'Name', show: ({ name }) => <a href={linkTo(`accounts/${name}`)}>{name}</a> },
        { name: 'Kind', show: ({ kind }) => <span class="badge">{kind}</span> },
        { name: 'State', show: (account) => <State account={account} /> },
        { name: 'Owner', show: ({ owner }) => owner ?? '–' },
        { name: 'May', show: ({ grants }) => <Grants grants={grants} /> },
        { name: 'Groups', show: ({ groups }) => <GroupLinks names={groups ?? []} /> },
      ]}
    />
  );
}

function GroupLinks({ names }: { readonly names: readonly string[] }) {
  if (names.length === 0) return <>–</>;
  return (
    <span class="line">
      {names.map((name) => (
        <a key={name} href={linkTo('accounts', { group: name })}>
          {name}
        </a>
      ))}
    </span>
  );
}
