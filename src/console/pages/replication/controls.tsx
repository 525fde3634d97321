/** What a site can be told to do. */
import { send } from '../../api/client.ts';
import type { Site } from '../../api/sites.ts';
import { Button } from '../../parts/button.tsx';
import { DialogButton } from '../../parts/dialog.tsx';
import { Field } from '../../parts/field.tsx';
import { report } from '../../parts/report.ts';

export interface Order {
  readonly kind: 'resync' | 'reverify' | 'reconcile';
  readonly repository?: string;
  readonly digest?: string;
}

/** The site does it as soon as it hears of it; what came of it stands among its orders. */
export async function giveOrder(site: string, order: Order): Promise<void> {
  await send('POST', `/api/v1/sites/${site}/orders`, order);
  report('well', `The site ${site} was told to ${order.kind} ${order.repository ?? 'everything'}.`);
}

export function Controls({ site: { name, status } }: { readonly site: Site }) {
  if (!status) return null;
  const isSecondary = status.role === 'secondary';
  return (
    <div class="line far">
      {isSecondary && <PauseButton name={name} isPaused={status.isPaused} />}
      {isSecondary && (
        <OrderButton site={name} kind="resync" words="Resync…">
          Copies what is missing at {name}, and tries again what failed.
        </OrderButton>
      )}
      <OrderButton site={name} kind="reverify" words="Reverify…">
        Reads every byte at {name} again. What is damaged is brought from another site.
      </OrderButton>
      {isSecondary && (
        <OrderButton site={name} kind="reconcile" words="Compare…">
          Compares all that {name} knows with the primary, and sets right what differs.
        </OrderButton>
      )}
    </div>
  );
}

function PauseButton({ name, isPaused }: { readonly name: string; readonly isPaused: boolean }) {
  const change = async () => {
    await send('POST', `/api/v1/sites/${name}/${isPaused ? 'resume' : 'pause'}`);
    report(
      'well',
      isPaused ? `The site ${name} copies again.` : `The site ${name} copies nothing now.`,
    );
  };
  return (
    <Button icon={isPaused ? 'play' : 'pause'} onPress={change}>
      {isPaused ? 'Resume' : 'Pause'}
    </Button>
  );
}

interface OrderButtonProps {
  readonly site: string;
  readonly kind: Order['kind'];
  readonly words: string;
  readonly children: (string | number)[];
}

function OrderButton({ site, kind, words, children }: OrderButtonProps) {
  const submit = (fields: FormData) => {
    const repository = (fields.get('repository') as string).trim();
    return giveOrder(site, { kind, ...(repository ? { repository } : {}) });
  };
  return (
    <DialogButton
      title={`${words.replace('…', '')} ${site}`}
      words={words}
      action="Do it"
      onSubmit={submit}
    >
      <p>{children}</p>
      <Field label="Repository" name="repository" hint="All of the site where it is empty." />
    </DialogButton>
  );
}
