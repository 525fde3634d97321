/** What a robot has beside other accounts: who keeps it, an end, and a secret to be renewed. */
import { useSignal } from '@preact/signals';
import type { Account } from '../../api/accounts.ts';
import { send } from '../../api/client.ts';
import { DialogButton } from '../../parts/dialog.tsx';
import { Field, readText, readTime } from '../../parts/field.tsx';
import { report } from '../../parts/report.ts';
import { Secret } from '../../parts/secret.tsx';

interface RobotProps {
  readonly robot: Account;
  readonly onChange: () => unknown;
}

export function Robot({ robot, onChange }: RobotProps) {
  const { name, owner, expiresAt } = robot;
  const path = `/api/v1/accounts/${name}`;
  const secret = useSignal<string | undefined>(undefined);
  const renew = async () => {
    const made = await send<{ readonly secret: string }>('POST', `${path}/rotate`, {});
    secret.value = made?.secret;
    void onChange();
  };
  const change = async (fields: FormData) => {
    await send('PUT', path, {
      owner: readText(fields, 'owner') || null,
      expiresAt: readTime(fields, 'expiresAt') ?? null,
    });
    report('well', `The robot ${name} was changed.`);
    void onChange();
  };
  return (
    <section class="card">
      <header>
        <h2>Robot</h2>
        <div class="line">
          <DialogButton title="New secret" icon="key" action="Make it" onSubmit={renew}>
            <p>All secrets that the robot had end at once, at every site.</p>
          </DialogButton>
          <DialogButton title="Owner and end" action="Change" onSubmit={change}>
            <Field
              label="Owner"
              name="owner"
              value={owner ?? ''}
              hint="The path whose administrators keep it; those of the registry where it is empty."
            />
            <Field
              label="Good until"
              name="expiresAt"
              type="datetime-local"
              value={expiresAt ? toLocal(expiresAt) : ''}
            />
          </DialogButton>
        </div>
      </header>
      {secret.value && <Secret what="secret" text={secret.value} />}
      <dl class="inside pairs">
        <div>
          <dt>Owner</dt>
          <dd>{owner ?? 'the registry'}</dd>
        </div>
        <div>
          <dt>Good until</dt>
          <dd>{expiresAt ? new Date(expiresAt).toLocaleString() : 'somebody ends it'}</dd>
        </div>
      </dl>
    </section>
  );
}

/** As a field of date and time has it: by the clock of whoever looks, to the minute. */
function toLocal(time: string): string {
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
