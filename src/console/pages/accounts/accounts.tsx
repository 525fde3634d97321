/** Accounts and what they may; for who does not administer, their own alone. */
import type { Account } from '../../api/accounts.ts';
import { session } from '../../api/session.ts';
import { Empty } from '../../parts/await.tsx';
import { Listed, usePages } from '../../parts/pages.tsx';
import { Table } from '../../parts/table.tsx';
import { linkTo, place } from '../../router.ts';
import './accounts.css';
import { NewAccount } from './new-account.tsx';
import { OneAccount } from './one-account.tsx';
import { Grants, State } from './rights.tsx';

export function Accounts() {
  const [, chosen] = place.value.path.split('/');
  const own = session.value?.isAdministrator ? undefined : session.value?.account;
  const name = chosen ?? own;
  return name === undefined ? <List /> : <OneAccount key={name} name={name} />;
}

function List() {
  const pages = usePages<Account>('accounts', '/api/v1/accounts?n=100');
  return (
    <>
      <header>
        <div>
          <h1>Accounts</h1>
          <p>People and robots, the same at every site.</p>
        </div>
        <div class="far">
          <NewAccount onDone={pages.refresh} />
        </div>
      </header>
      <section class="card" aria-label="All accounts">
        <Listed pages={pages}>
          {(accounts) => (accounts.length === 0 ? <Nobody /> : <Rows accounts={accounts} />)}
        </Listed>
      </section>
    </>
  );
}

function Nobody() {
  return (
    <Empty icon="accounts" title="No accounts">
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
        { name: 'May', show: ({ grants }) => <Grants grants={grants} /> },
        { name: 'Groups', show: ({ groups = [] }) => groups.join(', ') || '–' },
      ]}
    />
  );
}
