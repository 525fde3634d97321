/** Adds a webhook, or changes what one is told. */
import { send } from '../../api/client.ts';
import { type Webhook, webhookPath } from '../../api/webhooks.ts';
import { DialogButton } from '../../parts/dialog.tsx';
import { Check, Choice, Field, Lines, readLines, readText } from '../../parts/field.tsx';
import { report } from '../../parts/report.ts';

const TYPES = {
  push: 'pushes',
  delete: 'deletions',
  pull: 'pulls',
  mount: 'blobs mounted from elsewhere',
  'image.complete': 'images that are whole at a site',
};

const FORMATS = {
  cloudevents: 'CloudEvents, one in each request',
  distribution: 'The envelope of Docker distribution',
};

interface NewProps {
  /** Is given the secret, where one was made. */
  readonly onDone: (secret?: string) => Promise<void>;
}

export function NewWebhook({ onDone }: NewProps) {
  const create = async (fields: FormData) => {
    const name = readText(fields, 'name');
    const secret = fields.get('isSigned') === 'on' ? makeSecret() : undefined;
    await send('PUT', webhookPath(name), {
      ...readWants(fields),
      format: fields.get('format'),
      ...(secret ? { secret } : {}),
    });
    report('well', `The webhook ${name} was added.`);
    await onDone(secret);
  };
  return (
    <DialogButton title="New webhook" icon="add" look="main" action="Add it" onSubmit={create}>
      <Field label="Name" name="name" isRequired hint="Lower-case letters, digits and hyphens." />
      <WantFields />
      <Choice label="Format" name="format" value="cloudevents" options={FORMATS} />
      <Check name="isSigned" isChecked>
        Sign what is sent: the secret is shown once
      </Check>
    </DialogButton>
  );
}

interface ChangeProps {
  readonly webhook: Webhook;
  readonly onDone: () => Promise<void>;
}

export function ChangeWebhook({ webhook, onDone }: ChangeProps) {
  const { name } = webhook;
  const change = async (fields: FormData) => {
    await send('PUT', webhookPath(name), readWants(fields));
    report('well', `The webhook ${name} was changed.`);
    await onDone();
  };
  return (
    <DialogButton title={`Change ${name}`} words="Change…" action="Change" onSubmit={change}>
      <WantFields webhook={webhook} />
    </DialogButton>
  );
}

function WantFields({ webhook }: Partial<Pick<ChangeProps, 'webhook'>>) {
  const types = webhook?.types ?? ['push', 'delete'];
  return (
    <>
      <Field
        label="Address"
        name="url"
        type="url"
        value={webhook?.url ?? ''}
        hint="Is sent a POST for each event, and answers with 2xx."
        isRequired
      />
      <fieldset>
        <legend>Is told of</legend>
        <div class="checks">
          {Object.entries(TYPES).map(([type, words]) => (
            <Check key={type} name="types" value={type} isChecked={types.includes(type)}>
              {words}
            </Check>
          ))}
        </div>
      </fieldset>
      <div class="columns">
        <Lines
          label="Only there"
          name="repositories"
          value={webhook?.repositories.join('\n') ?? '**'}
          hint="Such as team/**, one in each line."
        />
        <Lines
          label="Only at these sites"
          name="sites"
          value={webhook?.sites.join('\n') ?? ''}
          hint="At all where it is empty."
        />
      </div>
    </>
  );
}

function readWants(fields: FormData) {
  const repositories = readLines(fields.get('repositories'));
  return {
    url: readText(fields, 'url'),
    types: fields.getAll('types'),
    repositories: repositories.length > 0 ? repositories : ['**'],
    sites: readLines(fields.get('sites')),
  };
}

/** 256 bits, as the API wants a secret. */
function makeSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}
