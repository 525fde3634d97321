/** Makes, purges and deletes a virtual registry. */
import { send } from '../../api/client.ts';
import { DeleteButton, DialogButton } from '../../parts/dialog.tsx';
import { Check, Field } from '../../parts/field.tsx';
import { report } from '../../parts/report.ts';

interface Props {
  readonly onDone: () => Promise<void>;
}

export function NewRegistry({ onDone }: Props) {
  const create = async (fields: FormData) => {
    const name = (fields.get('name') as string).trim();
    await send('PUT', `/api/v1/virtual_registries/${encodeURIComponent(name)}`, {
      description: fields.get('description'),
      isPublic: fields.get('isPublic') === 'on',
    });
    report('well', `The virtual registry ${name} was made: list its upstreams now.`);
    await onDone();
  };
  return (
    <DialogButton title="New registry" icon="add" look="main" action="Make it" onSubmit={create}>
      <Field label="Name" name="name" hint="Stands in the path of its images." isRequired />
      <Field label="Description" name="description" />
      <Check name="isPublic">Nobody needs to log in to read it</Check>
    </DialogButton>
  );
}

export function RegistryControls({ name, onDone }: Props & { readonly name: string }) {
  const path = `/api/v1/virtual_registries/${name}`;
  const purge = async () => {
    const answer = await send<{ readonly upstreams: readonly string[] }>('POST', `${path}/purge`);
    const purged = answer?.upstreams.join(', ') || 'nothing: other registries list its upstreams';
    report('well', `Purged: ${purged}.`);
    await onDone();
  };
  const remove = async () => {
    await send('DELETE', path);
    report('well', `The virtual registry ${name} was deleted.`);
    await onDone();
  };
  return (
    <div class="line">
      <DialogButton
        title={`Purge ${name}?`}
        words="Purge…"
        action="Purge"
        isDanger
        onSubmit={purge}
      >
        <p>
          All that is cached of the upstreams that no other registry lists goes, at every site. It
          comes again when somebody pulls it.
        </p>
      </DialogButton>
      <DeleteButton what={`the virtual registry ${name}`} words="Delete…" onDelete={remove}>
        Nobody can pull through it any more. Its upstreams stay.
      </DeleteButton>
    </div>
  );
}
