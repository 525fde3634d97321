/** What a site was told to do, and what came of it. */
import { useLive } from '../../api/live.ts';
import type { Site } from '../../api/sites.ts';
import { Await, Empty } from '../../parts/await.tsx';
import { Table } from '../../parts/table.tsx';
import type { Order } from './controls.tsx';
import { isElsewhere } from './elsewhere.tsx';

interface GivenOrder extends Order {
  readonly id: string;
  readonly state: 'waiting' | 'done' | 'failed';
  readonly outcome?: string;
}

const ASK_EVERY_MS = 2000;
const LOOKS = { waiting: '', done: 'well', failed: 'ill' } as const;

export function Orders({ site }: { readonly site: Site }) {
  const path = `/api/v1/sites/${site.name}/orders`;
  const asked = useLive<{ readonly orders: readonly GivenOrder[] }>(path, ASK_EVERY_MS);
  if (isElsewhere(asked.value)) return null;
  return (
    <section class="card">
      <header>
        <h2>Orders</h2>
      </header>
      <Await asked={asked}>
        {({ orders }) => (orders.length === 0 ? <NoOrder /> : <List orders={orders} />)}
      </Await>
    </section>
  );
}

function NoOrder() {
  return (
    <Empty icon="refresh" title="No orders yet">
      Resync, reverify and compare are orders. What comes of them stands here.
    </Empty>
  );
}

function List({ orders }: { readonly orders: readonly GivenOrder[] }) {
  return (
    <Table
      caption="Orders, the newest first"
      rows={orders}
      keyOf={({ id }) => id}
      columns={[
        { name: 'Order', show: ({ kind }) => kind },
        { name: 'Of', show: ({ repository }) => repository ?? 'everything' },
        {
          name: 'State',
          show: ({ state }) => <span class={`badge dot ${LOOKS[state]}`}>{state}</span>,
        },
        { name: 'What came of it', show: ({ outcome }) => outcome ?? '–' },
      ]}
    />
  );
}
