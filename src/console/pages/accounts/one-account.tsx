/** One account: what it may, its password and its access tokens. */

import type { Account, Grant } from '../../api/accounts.ts';
import { send } from '../../api/client.ts';
import { type Asked, useAnswer } from '../../api/live.ts';
import { session } from '../../api/session.ts';
import { Await } from '../../parts/await.tsx';
import { Button } from '../../parts/button.tsx';
import { DeleteButton, DialogButton } from '../../parts/dialog.tsx';
import { Field } from '../../parts/field.tsx';
import { report } from '../../parts/report.ts';
import { linkTo, open } from '../../router.ts';
import { GrantFields, readGrants } from './new-account.tsx';
import { Grants, State } from './rights.tsx';
import { Robot } from './robot.tsx';
import { Tokens, useTokens } from './tokens.tsx';

export function OneAccount({ name }: { readonly name: string }) {
  const path = `/api/v1/accounts/${name}`;
  const asked = useAnswer<Account>(path);
  const isAdministrator = session.value?.isAdministrator === true;
  const tokens = useTokens(name);
  const account = asked.value.data;
  const refresh = () => Promise.all([asked.refresh(), tokens.refresh()]);
  return (
    <>
      <header>
        <div>
          {isAdministrator && <a href={linkTo('accounts')}>All accounts</a>}
          <h1>{name}</h1>
        </div>
        <div class="far line">
          {account?.kind === 'person' && <PasswordButton path={path} />}
          {isAdministrator && <DeleteAccount name={name} path={path} />}
        </div>
      </header>
      <Await asked={asked}>
        {(known) => <Rights account={known} asked={asked} isAdministrator={isAdministrator} />}
      </Await>
      {account?.kind === 'robot' && <Robot robot={account} onChange={refresh} />}
      <Tokens account={name} asked={tokens} />
    </>
  );
}

interface RightsProps {
  readonly account: Account;
  readonly asked: Asked<Account>;
  readonly isAdministrator: boolean;
}

function Rights({ account, asked, isAdministrator }: RightsProps) {
  const { name, isDisabled, grants } = account;
  const change = async (body: unknown, words: string) => {
    await send('PUT', `/api/v1/accounts/${name}`, body);
    report('well', words);
    await asked.refresh();
  };
  const addGrant = (fields: FormData) =>
    change({ grants: [...grants, ...readGrants(fields)] }, `The account ${name} may more.`);
  const takeGrant = (grant: Grant) =>
    change({ grants: grants.filter((one) => one !== grant) }, `The account ${name} may less.`);
  const toggle = () =>
    change(
      { isDisabled: !isDisabled },
      `The account ${name} was ${isDisabled ? 'enabled' : 'disabled'}.`,
    );
  return (
    <section class="card">
      <header>
        <h2>What it may</h2>
        <State account={account} />
        {isAdministrator && (
          <div class="line">
            <Button icon={isDisabled ? 'play' : 'pause'} onPress={toggle}>
              {isDisabled ? 'Enable' : 'Disable'}
            </Button>
            <DialogButton title="Add a grant" icon="add" action="Add" onSubmit={addGrant}>
              <GrantFields />
            </DialogButton>
          </div>
        )}
      </header>
      <div class="inside">
        <Grants grants={grants} {...(isAdministrator ? { onTake: takeGrant } : {})} />
      </div>
    </section>
  );
}

function PasswordButton({ path }: { readonly path: string }) {
  const change = async (fields: FormData) => {
    await send('PUT', `${path}/password`, { password: fields.get('password') });
    report('well', 'The password was changed, and all sessions and tokens have ended.');
  };
  return (
    <DialogButton title="Change the password" icon="key" action="Change" onSubmit={change}>
      <p>All sessions and bearer tokens of the account end.</p>
      <Field label="New password" name="password" type="password" isRequired />
    </DialogButton>
  );
}

function DeleteAccount({ name, path }: { readonly name: string; readonly path: string }) {
  const remove = async () => {
    await send('DELETE', path);
    report('well', `The account ${name} was deleted.`);
    open(linkTo('accounts'));
  };
  return (
    <DeleteButton what={`the account ${name}`} words="Delete…" onDelete={remove}>
      Its tokens end at every site. What it pushed stays.
    </DeleteButton>
  );
}
