/** Groups of accounts: what all their members may beside their own. */
import type { Group } from '../../api/accounts.ts';
import { send } from '../../api/client.ts';
import { Empty } from '../../parts/await.tsx';
import { DialogButton } from '../../parts/dialog.tsx';
import { Field, readText } from '../../parts/field.tsx';
import { Listed, usePages } from '../../parts/pages.tsx';
import { report } from '../../parts/report.ts';
import { Table } from '../../parts/table.tsx';
import { linkTo } from '../../router.ts';
import { GrantFields, readGrants } from './new-account.tsx';
import { Grants } from './rights.tsx';

const PATH = '/api/v1/account_groups';

export function groupPath(name: string): string {
  return `${PATH}/${encodeURIComponent(name)}`;
}

export function Groups() {
  const pages = usePages<Group>('groups', `${PATH}?n=100`);
  return (
    <section class="card">
      <header>
        <h2>Groups</h2>
        <NewGroup onDone={pages.refresh} />
      </header>
      <Listed pages={pages}>
        {(groups) => (groups.length === 0 ? <None /> : <Rows groups={groups} />)}
      </Listed>
    </section>
  );
}

function None() {
  return (
    <Empty icon="accounts" title="No groups yet">
      Make one for people who may the same: whoever joins it may what it may, and no more when they
      leave.
    </Empty>
  );
}

function NewGroup({ onDone }: { readonly onDone: () => unknown }) {
  const create = async (fields: FormData) => {
    const name = readText(fields, 'name');
    const externalName = readText(fields, 'externalName');
    await send('PUT', groupPath(name), {
      grants: readGrants(fields),
      ...(externalName ? { externalName } : {}),
    });
    report('well', `The group ${name} was made: let accounts join it now.`);
    void onDone();
  };
  return (
    <DialogButton title="New group" icon="add" action="Make it" onSubmit={create}>
      <Field label="Name" name="name" isRequired hint="Lower-case letters, digits and . _ -" />
      <Field
        label="At the identity provider"
        name="externalName"
        hint="What it calls the group; it then names the members when they sign in."
      />
      <GrantFields />
    </DialogButton>
  );
}

function Rows({ groups }: { readonly groups: readonly Group[] }) {
  return (
    <Table
      caption="Groups"
      rows={groups}
      keyOf={({ name }) => name}
      columns={[
        {
          name: 'Name',
          show: ({ name }) => <a href={linkTo('accounts', { group: name })}>{name}</a>,
        },
        { name: 'Members may', show: ({ grants }) => <Grants grants={grants} /> },
        { name: 'At the identity provider', show: ({ externalName }) => externalName ?? '–' },
      ]}
    />
  );
}
