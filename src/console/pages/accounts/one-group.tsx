/** One group: what its members may, and who they are. */
import type { Account, Grant, Group } from '../../api/accounts.ts';
import { send } from '../../api/client.ts';
import { type Asked, useAnswer } from '../../api/live.ts';
import { Await, Empty } from '../../parts/await.tsx';
import { Button } from '../../parts/button.tsx';
import { DeleteButton, DialogButton } from '../../parts/dialog.tsx';
import { Field, readText } from '../../parts/field.tsx';
import { Listed, usePages } from '../../parts/pages.tsx';
import { report } from '../../parts/report.ts';
import { Table } from '../../parts/table.tsx';
import { linkTo, open } from '../../router.ts';
import { groupPath } from './groups.tsx';
import { GrantFields, readGrants } from './new-account.tsx';
import { Grants } from './rights.tsx';

interface Named {
  readonly name: string;
}

export function OneGroup({ name }: Named) {
  const asked = useAnswer<Group>(groupPath(name));
  const remove = async () => {
    await send('DELETE', groupPath(name));
    report('well', `The group ${name} was deleted.`);
    open(linkTo('accounts'));
  };
  return (
    <>
      <header>
        <div>
          <a href={linkTo('accounts')}>All accounts</a>
          <h1>{name}</h1>
        </div>
        <div class="far">
          <DeleteButton what={`the group ${name}`} words="Delete…" onDelete={remove}>
            Its members may from then on what they may by themselves and by other groups.
          </DeleteButton>
        </div>
      </header>
      <Await asked={asked}>{(group) => <Rights group={group} asked={asked} />}</Await>
      <Members name={name} externalName={asked.value.data?.externalName} />
    </>
  );
}

interface RightsProps {
  readonly group: Group;
  readonly asked: Asked<Group>;
}

function Rights({ group: { name, grants }, asked }: RightsProps) {
  const settle = async (settled: readonly Grant[]) => {
    await send('PUT', groupPath(name), { grants: settled });
    report('well', `What members of ${name} may was changed.`);
    await asked.refresh();
  };
  const add = (fields: FormData) => settle([...grants, ...readGrants(fields)]);
  return (
    <section class="card">
      <header>
        <h2>What its members may</h2>
        <DialogButton title="Add a grant" icon="add" action="Add" onSubmit={add}>
          <GrantFields />
        </DialogButton>
      </header>
      <div class="inside">
        <Grants grants={grants} onTake={(grant) => settle(grants.filter((one) => one !== grant))} />
      </div>
    </section>
  );
}

interface MembersProps extends Named {
  readonly externalName: string | undefined;
}

function Members({ name, externalName }: MembersProps) {
  const path = `${groupPath(name)}/members`;
  const pages = usePages<Pick<Account, 'name' | 'kind'>>('members', `${path}?n=100`);
  const join = async (fields: FormData) => {
    const account = readText(fields, 'account');
    await send('PUT', `${path}/${encodeURIComponent(account)}`);
    report('well', `The account ${account} is a member of ${name}.`);
    await pages.refresh();
  };
  const leave = async (account: string) => {
    await send('DELETE', `${path}/${encodeURIComponent(account)}`);
    report('well', `The account ${account} is no member of ${name} any more.`);
    await pages.refresh();
  };
  return (
    <section class="card">
      <header>
        <h2>Members</h2>
        {externalName ? (
          <span class="soft">{`named by the identity provider, as ${externalName}`}</span>
        ) : (
          <DialogButton title="Let an account join" icon="add" action="Join" onSubmit={join}>
            <Field
              label="Account"
              name="account"
              hint="A robot that a path owns joins none."
              isRequired
            />
          </DialogButton>
        )}
      </header>
      <Listed pages={pages}>
        {(members) =>
          members.length === 0 ? (
            <NoMembers isNamedHere={externalName === undefined} />
          ) : (
            <Rows members={members} {...(externalName ? {} : { onLeave: leave })} />
          )
        }
      </Listed>
    </section>
  );
}

function NoMembers({ isNamedHere }: { readonly isNamedHere: boolean }) {
  return (
    <Empty icon="accounts" title="No members">
      {isNamedHere
        ? 'Let an account join with the button above.'
        : 'They stand here as soon as they sign in by the identity provider.'}
    </Empty>
  );
}

interface RowsProps {
  readonly members: readonly Pick<Account, 'name' | 'kind'>[];
  /** Absent where the members are not named here. */
  readonly onLeave?: (account: string) => Promise<void>;
}

function Rows({ members, onLeave }: RowsProps) {
  return (
    <Table
      caption="Members"
      rows={members}
      keyOf={({ name }) => name}
      columns={[
        { name: 'Account', show: ({ name }) => <a href={linkTo(`accounts/${name}`)}>{name}</a> },
        { name: 'Kind', show: ({ kind }) => <span class="badge">{kind}</span> },
        {
          name: 'Actions',
          show: ({ name }) =>
            onLeave && (
              <Button look="quiet" isSquare icon="close" onPress={() => onLeave(name)}>
                {`Take ${name} out`}
              </Button>
            ),
        },
      ]}
    />
  );
}
