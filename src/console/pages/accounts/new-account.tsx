/** Makes an account, or changes what one may. */
import { useSignal } from '@preact/signals';
import type { Grant } from '../../api/accounts.ts';
import { send } from '../../api/client.ts';
import { DialogButton } from '../../parts/dialog.tsx';
import { Check, Choice, Field, readText, readTime } from '../../parts/field.tsx';
import { report } from '../../parts/report.ts';

export const ACTIONS = ['pull', 'push', 'overwrite', 'delete', 'read_virtual_registry', 'admin'];

interface Props {
  readonly onDone: () => unknown;
}

export function NewAccount({ onDone }: Props) {
  const create = async (fields: FormData) => {
    const [name, password] = [readText(fields, 'name'), (fields.get('password') ?? '') as string];
    const [owner, expiresAt] = [readText(fields, 'owner'), readTime(fields, 'expiresAt')];
    await send('PUT', `/api/v1/accounts/${encodeURIComponent(name)}`, {
      kind: fields.get('kind'),
      grants: readGrants(fields),
      ...(password ? { password } : {}),
      ...(owner ? { owner } : {}),
      ...(expiresAt ? { expiresAt } : {}),
    });
    report('well', `The account ${name} was made.`);
    void onDone();
  };
  return (
    <DialogButton title="New account" icon="add" look="main" action="Make it" onSubmit={create}>
      <Field label="Name" name="name" isRequired hint="Lower-case letters, digits and . _ -" />
      <KindFields />
      <GrantFields />
    </DialogButton>
  );
}

/** A person logs in with a password, a robot with a secret that is made when it is there. */
function KindFields() {
  const kind = useSignal('person');
  return (
    <>
      <Choice
        label="Kind"
        name="kind"
        value={kind.value}
        options={{ person: 'Person', robot: 'Robot' }}
        onChange={(value) => (kind.value = value)}
      />
      {kind.value === 'person' ? (
        <Field label="Password" name="password" type="password" />
      ) : (
        <div class="columns">
          <Field label="Owner" name="owner" hint="The path whose administrators keep it." />
          <Field label="Good until" name="expiresAt" type="datetime-local" />
        </div>
      )}
    </>
  );
}

/** One grant; more are added where the account stands. */
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
  const pattern = readText(fields, 'pattern');
  const actions = fields.getAll('actions').map((action) => action as string);
  return pattern && actions.length > 0 ? [{ pattern, actions }] : [];
}
