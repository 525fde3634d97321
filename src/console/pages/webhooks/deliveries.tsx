/** What a webhook was told or is to be told, and why it could not be. */
import { useSignal } from '@preact/signals';
import { type Delivery, webhookPath } from '../../api/webhooks.ts';
import { printAge, printCount, printDuration } from '../../parts/amounts.ts';
import { Empty } from '../../parts/await.tsx';
import { Button } from '../../parts/button.tsx';
import { Choice } from '../../parts/field.tsx';
import { Listed, usePages } from '../../parts/pages.tsx';
import { Table } from '../../parts/table.tsx';
import { redeliver } from './controls.tsx';

const STATES = { '': 'Everything', waiting: 'Waiting', dead: 'Given up', delivered: 'Told' };
const LOOKS = { waiting: 'warn', dead: 'ill', delivered: 'well' } as const;

interface Props {
  /** Of the webhook. */
  readonly name: string;
  readonly isEnabled: boolean;
}

export function Deliveries({ name, isEnabled }: Props) {
  const state = useSignal('');
  const query = new URLSearchParams({ n: '50', ...(state.value ? { state: state.value } : {}) });
  const pages = usePages<Delivery>('deliveries', `${webhookPath(name)}/deliveries?${query}`);
  const again = async (event: string) => {
    await redeliver(name, event);
    await pages.refresh();
  };
  return (
    <div class="form">
      <div class="line chooser">
        <Choice
          label="State"
          name="state"
          value={state.value}
          options={STATES}
          onChange={(value) => (state.value = value)}
        />
        <Button icon="refresh" onPress={pages.refresh}>
          Refresh
        </Button>
      </div>
      <Listed pages={pages}>
        {(deliveries) =>
          deliveries.length === 0 ? (
            <None isEnabled={isEnabled} />
          ) : (
            <List name={name} deliveries={deliveries} onAgain={again} />
          )
        }
      </Listed>
    </div>
  );
}

function None({ isEnabled }: Pick<Props, 'isEnabled'>) {
  return (
    <Empty icon="webhooks" title="Nothing to tell">
      {isEnabled
        ? 'As soon as something happens that it is told of, it stands here.'
        : 'It is disabled, so that nothing new is put in for it: enable it above.'}
    </Empty>
  );
}

interface ListProps {
  readonly name: string;
  readonly deliveries: readonly Delivery[];
  readonly onAgain: (event: string) => Promise<void>;
}

function List({ name, deliveries, onAgain }: ListProps) {
  return (
    <Table
      caption={`What ${name} was told or is to be told, the newest first`}
      rows={deliveries}
      keyOf={({ event }) => event.id}
      columns={[
        {
          name: 'Since',
          show: ({ queuedAt }) => <time dateTime={queuedAt}>{printAge(queuedAt)}</time>,
        },
        { name: 'Event', show: ({ event }) => <span class="badge">{event.type}</span> },
        { name: 'Of', show: ({ event }) => event.subject },
        {
          name: 'State',
          show: ({ state }) => <span class={`badge ${LOOKS[state]}`}>{STATES[state]}</span>,
        },
        { name: 'Tries', isAmount: true, show: ({ attempts }) => printCount(attempts) },
        { name: 'Outcome', show: (delivery) => <Outcome delivery={delivery} /> },
        {
          name: 'Actions',
          show: ({ event }) => (
            <Button icon="refresh" onPress={() => onAgain(event.id)}>
              Send again
            </Button>
          ),
        },
      ]}
    />
  );
}

function Outcome({ delivery: { message, nextTryAt } }: { readonly delivery: Delivery }) {
  return (
    <>
      {message ?? '–'} {nextTryAt && <span class="soft small">{printNext(nextTryAt)}</span>}
    </>
  );
}

function printNext(time: string): string {
  const seconds = (Date.parse(time) - Date.now()) / 1000;
  return seconds <= 0 ? 'again now' : `again in ${printDuration(seconds)}`;
}
