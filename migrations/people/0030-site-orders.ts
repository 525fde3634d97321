/** What sites were ordered to do, and at the ordered site what came of it. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE site_orders (
      id      text COLLATE "C" PRIMARY KEY,
      nth     bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
      site    text COLLATE "C" NOT NULL,
      "order" jsonb NOT NULL,
      state   text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'failed')),
      outcome text
    )`);
  await knex.raw('CREATE INDEX site_orders_by_site ON site_orders (site, nth)');
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TABLE site_orders');
}
