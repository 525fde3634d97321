/** Who is told of what happens here, how far, and what could not be told. */
import { useSignal } from '@preact/signals';
import { useLive } from '../../api/live.ts';
import type { Webhook } from '../../api/webhooks.ts';
import { printCount } from '../../parts/amounts.ts';
import { Await, Empty } from '../../parts/await.tsx';
import { Button } from '../../parts/button.tsx';
import { Figure, Figures } from '../../parts/figures.tsx';
import { Secret } from '../../parts/secret.tsx';
import { ChangeWebhook, NewWebhook } from './change.tsx';
import { Controls } from './controls.tsx';
import { Deliveries } from './deliveries.tsx';

const ASK_EVERY_MS = 2000;

export function Webhooks() {
  const asked = useLive<{ readonly webhooks: readonly Webhook[] }>(
    '/api/v1/webhooks',
    ASK_EVERY_MS,
  );
  const secret = useSignal<string | undefined>(undefined);
  const done = async (made?: string) => {
    secret.value = made;
    await asked.refresh();
  };
  return (
    <>
      <header>
        <div>
          <h1>Webhooks</h1>
          <p>Addresses that are told of pushes, pulls, deletions, and of images that arrived.</p>
        </div>
        <div class="far">
          <NewWebhook onDone={done} />
        </div>
      </header>
      {secret.value && <Secret what="secret of its signatures" text={secret.value} />}
      <Await asked={asked}>
        {({ webhooks }) =>
          webhooks.length === 0 ? (
            <None />
          ) : (
            webhooks.map((webhook) => (
              <OneWebhook key={webhook.name} webhook={webhook} onDone={done} />
            ))
          )
        }
      </Await>
    </>
  );
}

function None() {
  return (
    <section class="card">
      <Empty icon="webhooks" title="No webhooks yet">
        Add one for each program that should do something when an image was pushed, or when it is
        whole at a site: a build, a deployment, a chat.
      </Empty>
    </section>
  );
}

interface OneProps {
  readonly webhook: Webhook;
  readonly onDone: () => Promise<void>;
}

function OneWebhook({ webhook, onDone }: OneProps) {
  const isOpen = useSignal(false);
  const { name, url, isEnabled, hasSecret, format } = webhook;
  return (
    <section class="card">
      <header>
        <h2>{name}</h2>
        <State webhook={webhook} />
        {hasSecret && <span class="badge">signed</span>}
        <span class="badge">{format}</span>
        <Controls webhook={webhook} onDone={onDone} />
      </header>
      <div class="inside form">
        <p>
          <code>{url}</code>
        </p>
        <p class="soft">{describe(webhook)}</p>
        <Counts webhook={webhook} />
        <div class="line">
          <Button
            icon={isOpen.value ? 'up' : 'down'}
            onPress={() => (isOpen.value = !isOpen.value)}
          >
            {isOpen.value ? 'Hide what was told' : 'What was told'}
          </Button>
          <ChangeWebhook webhook={webhook} onDone={onDone} />
        </div>
        {isOpen.value && <Deliveries name={name} isEnabled={isEnabled} />}
      </div>
    </section>
  );
}

function State({ webhook: { isEnabled, dead, waiting } }: Pick<OneProps, 'webhook'>) {
  if (!isEnabled) return <span class="badge dot">disabled</span>;
  if (dead > 0) return <span class="badge dot ill">some given up</span>;
  if (waiting > 0) return <span class="badge dot warn">some waiting</span>;
  return <span class="badge dot well">all told</span>;
}

function describe({ types, repositories, sites }: Webhook): string {
  const where = sites.length === 0 ? 'every site' : sites.join(', ');
  return `Is told of ${types.join(', ')} in ${repositories.join(', ')} at ${where}.`;
}

function Counts({ webhook: { waiting, dead, dropped } }: Pick<OneProps, 'webhook'>) {
  return (
    <Figures>
      <Figure name="Waiting">{printCount(waiting)}</Figure>
      <Figure name="Given up" look={dead > 0 ? 'ill' : 'well'}>
        {printCount(dead)}
      </Figure>
      <Figure name="Pulls left out">{printCount(dropped)}</Figure>
    </Figures>
  );
}
