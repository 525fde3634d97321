/** Puts events into the outbox, in the transaction that records what they tell. */
import type { Knex } from 'knex';
import { type EventFilter, type RegistryEvent, wantsEvent } from '../../../oci/event.ts';

/** Tells that something was put in, or that a webhook changed. */
export const OUTBOX_CHANNEL = 'outbox';

/** None of them is deleted before the end of the transaction. */
const READ_WEBHOOKS =
  'SELECT name, wants FROM webhooks WHERE is_enabled ORDER BY name FOR KEY SHARE';

const WRITE = `
  INSERT INTO deliveries (webhook, event_id, subject, event)
  SELECT * FROM unnest(CAST(:webhooks AS text[]), CAST(:ids AS text[]),
                       CAST(:subjects AS text[]), CAST(:events AS json[]))
  ON CONFLICT DO NOTHING`;

interface Wanting {
  readonly name: string;
  readonly wants: EventFilter;
}

/** Each event once for each webhook that wants it. */
export async function postEvents(
  trx: Knex.Transaction,
  events: readonly RegistryEvent[],
): Promise<void> {
  const { rows: webhooks } = await trx.raw<{ rows: Wanting[] }>(READ_WEBHOOKS);
  const deliveries = webhooks.flatMap(({ name, wants }) =>
    events.filter((event) => wantsEvent(wants, event)).map((event) => ({ name, event })),
  );
  if (deliveries.length === 0) return;
  await trx.raw(WRITE, {
    webhooks: deliveries.map(({ name }) => name),
    ids: deliveries.map(({ event }) => event.id),
    subjects: deliveries.map(({ event }) => event.subject),
    events: deliveries.map(({ event }) => JSON.stringify(event)),
  });
  await trx.raw(`SELECT pg_notify('${OUTBOX_CHANNEL}', '')`);
}
