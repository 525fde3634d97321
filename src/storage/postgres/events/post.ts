/** Puts events into the outbox, in the transaction that records what they tell. */
import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { type Circumstances, deedsOf } from '../../../oci/events/deed.ts';
import {
  type EventFilter,
  eventOfDeed,
  type RegistryEvent,
  wantsEvent,
} from '../../../oci/events/event.ts';
import type { Fact } from '../../change-log.ts';

/** Tells that something was put in, or that a webhook changed. */
export const OUTBOX_CHANNEL = 'outbox';

/** One row, also where there is no webhook: who records something asks for no more than this. */
const READ_WEBHOOKS = `
  SELECT clock_timestamp() AS at,
         json_agg(json_build_object('name', name, 'wants', wants) ORDER BY name) AS webhooks
  FROM webhooks WHERE is_enabled`;

/** A webhook that was deleted meanwhile gets nothing; none is deleted before the end. */
const WRITE = `
  INSERT INTO deliveries (webhook, event_id, subject, type, event)
  SELECT webhooks.name, letter.id, letter.subject, letter.type, letter.event
  FROM unnest(CAST(:webhooks AS text[]), CAST(:ids AS text[]), CAST(:subjects AS text[]),
              CAST(:types AS text[]), CAST(:events AS json[]))
       WITH ORDINALITY AS letter (webhook, id, subject, type, event, nth)
  JOIN webhooks ON webhooks.name = letter.webhook
  ORDER BY letter.nth FOR KEY SHARE OF webhooks
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
  await deliver(trx, await readWebhooks(trx), events);
}

/** What the facts tell, each deed once for each webhook that wants it. */
export async function postDeeds(
  trx: Knex.Transaction,
  facts: readonly Fact[],
  circumstances: Circumstances,
): Promise<void> {
  const deeds = facts.flatMap((fact) => deedsOf(fact, circumstances));
  if (deeds.length === 0) return;
  const known = await readWebhooks(trx);
  if (known.webhooks.length === 0) return;
  const events = deeds.map((deed) => eventOfDeed(deed, randomUUID(), known.at));
  await deliver(trx, known, events);
}

interface Known {
  readonly at: Date;
  readonly webhooks: readonly Wanting[];
}

async function readWebhooks(trx: Knex.Transaction): Promise<Known> {
  const { rows } = await trx.raw(READ_WEBHOOKS).options({ name: 'read-wants' });
  return { at: rows[0].at, webhooks: rows[0].webhooks ?? [] };
}

async function deliver(
  trx: Knex.Transaction,
  { webhooks }: Known,
  events: readonly RegistryEvent[],
): Promise<void> {
  const deliveries = webhooks.flatMap(({ name, wants }) =>
    events.filter((event) => wantsEvent(wants, event)).map((event) => ({ name, event })),
  );
  if (deliveries.length === 0) return;
  await trx.raw(WRITE, {
    webhooks: deliveries.map(({ name }) => name),
    ids: deliveries.map(({ event }) => event.id),
    subjects: deliveries.map(({ event }) => event.subject),
    types: deliveries.map(({ event }) => event.type),
    events: deliveries.map(({ event }) => JSON.stringify(event)),
  });
  await trx.raw(`SELECT pg_notify('${OUTBOX_CHANNEL}', '')`);
}
