/** Enables, disables and deletes a webhook, and sends again what was given up. */
import { send } from '../../api/client.ts';
import { type Webhook, webhookPath } from '../../api/webhooks.ts';
import { printSome } from '../../parts/amounts.ts';
import { Button } from '../../parts/button.tsx';
import { DeleteButton } from '../../parts/dialog.tsx';
import { report } from '../../parts/report.ts';

interface Props {
  readonly webhook: Webhook;
  readonly onDone: () => Promise<void>;
}

export function Controls({ webhook, onDone }: Props) {
  const { name, isEnabled, dead } = webhook;
  const toggle = async () => {
    await send('PUT', webhookPath(name), { isEnabled: !isEnabled });
    report('well', `The webhook ${name} was ${isEnabled ? 'disabled' : 'enabled'}.`);
    await onDone();
  };
  const remove = async () => {
    await send('DELETE', webhookPath(name));
    report('well', `The webhook ${name} was deleted.`);
    await onDone();
  };
  const sendAgain = async () => {
    await redeliver(name);
    await onDone();
  };
  return (
    <div class="line">
      {dead > 0 && (
        <Button icon="refresh" onPress={sendAgain}>
          Send all again
        </Button>
      )}
      <Button icon={isEnabled ? 'pause' : 'play'} onPress={toggle}>
        {isEnabled ? 'Disable' : 'Enable'}
      </Button>
      <DeleteButton what={`the webhook ${name}`} words="Delete…" onDelete={remove}>
        It is told nothing any more, and what waits for it is gone.
      </DeleteButton>
    </div>
  );
}

/** @param event all that were given up where absent */
export async function redeliver(name: string, event?: string): Promise<void> {
  const path = `${webhookPath(name)}/redeliver`;
  const body = event === undefined ? {} : { event };
  const { count } = (await send<{ readonly count: number }>('POST', path, body))!;
  report('well', `${printSome(count, 'delivery is', 'deliveries are')} sent again, soon.`);
}
