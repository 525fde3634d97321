/** Makes an account, or changes what one may. */

import type { Grant } from '../../api/accounts.ts';
import { send } from '../../api/client.ts';
import { DialogButton } from '../../parts/dialog.tsx';
import { Check, Choice, Field } from '../../parts/field.tsx';
import { report } from '../../parts/report.ts';

export const ACTIONS = ['pull', 'push', 'overwrite', 'delete', 'read_virtual_registry', 'admin'];

interface Props {
  readonly onDone: () => unknown;
}

export function NewAccount({ onDone }: Props) {
  const create = async (fields: FormData) => {
    const name = (fields.get('name') as string).trim();
    const password = fields.get('password') as string;
    await send('PUT', `/api/v1/accounts/${encodeURIComponent(name)}`, {
      kind: fields.get('kind'),
      grants: readGrants(fields),
      ...(password ? { password } : {}),
    });
    report('well', `The account ${name} was made.`);
    void onDone();
  };
  return (
    <DialogButton title="New account" icon="add" look="main" action="Make it" onSubmit={create}>
      <Field label="Name" name="name" isRequired hint="Lower-case letters, digits and . _ -" />
      <Choice
        label="Kind"
        name="kind"
        value="person"
        options={{ person: 'Person', robot: 'Robot' }}
      />
      <Field
        label="Password"
        name="password"
        type="password"
        hint="A robot needs none: make an access token for it."
      />
      <GrantFields />
    </DialogButton>
  );
}

/** One grant; an account may hold more by the command line. */
export function GrantFields() {
  return (
    <fieldset class="form">
      <Field label="Where" name="pattern" hint="Such as team/** for all below team." />
      <div class="checks">
        {ACTIONS.map((action) => (
          <Check key={action} name="actions" value={action} isChecked={action === 'pull'}>
            {action.replaceAll('_', ' ')}
          </Check>
        ))}
      </div>
    </fieldset>
  );
}

export function readGrants(fields: FormData): Grant[] {
  const pattern = (fields.get('pattern') as string).trim();
  const actions = fields.getAll('actions').map((action) => action as string);
  return pattern && actions.length > 0 ? [{ pattern, actions }] : [];
}
