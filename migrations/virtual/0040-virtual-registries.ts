/** Virtual registries, the upstreams behind them in their order, and the hosts of mirrors. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE upstreams (
      name text COLLATE "C" PRIMARY KEY,
      description text NOT NULL,
      origin jsonb NOT NULL,
      validity_hours integer NOT NULL,
      negative_ttl_seconds integer NOT NULL,
      allow text[] NOT NULL,
      deny text[] NOT NULL,
      exclusive text[] NOT NULL,
      when_gone text NOT NULL CHECK (when_gone IN ('forget', 'keep')),
      namespace text,
      via_primary text NOT NULL CHECK (via_primary IN ('first', 'when-limited', 'never'))
    )`);
  await knex.raw(`
    CREATE TABLE virtual_registries (
      name text COLLATE "C" PRIMARY KEY,
      description text NOT NULL,
      is_public boolean NOT NULL,
      unused_days integer,
      max_bytes bigint
    )`);
  await knex.raw(`
    CREATE TABLE virtual_registry_upstreams (
      registry text COLLATE "C" NOT NULL REFERENCES virtual_registries ON DELETE CASCADE,
      nth integer NOT NULL,
      upstream text COLLATE "C" NOT NULL REFERENCES upstreams ON DELETE CASCADE,
      PRIMARY KEY (registry, nth),
      UNIQUE (upstream, registry)
    )`);
  // A host has one registry.
  await knex.raw(`
    CREATE TABLE virtual_registry_hosts (
      host text COLLATE "C" PRIMARY KEY,
      registry text COLLATE "C" NOT NULL REFERENCES virtual_registries ON DELETE CASCADE,
      nth integer NOT NULL,
      UNIQUE (registry, nth)
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('virtual_registry_hosts');
  await knex.schema.dropTable('virtual_registry_upstreams');
  await knex.schema.dropTable('virtual_registries');
  await knex.schema.dropTable('upstreams');
}
