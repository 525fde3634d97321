/** What external registries told of their images, and how far each is copied here. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  // Where next_try_at is null, it may be tried at once: no clock but the worker's is asked.
  await knex.raw(`
    CREATE TABLE external_images (
      id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
      source text COLLATE "C" NOT NULL,
      event_id text COLLATE "C" NOT NULL,
      repository text COLLATE "C" NOT NULL,
      digest text NOT NULL,
      tag text COLLATE "C",
      media_type text NOT NULL,
      size_bytes bigint,
      actor text NOT NULL,
      pushed_at timestamptz NOT NULL,
      received_at timestamptz NOT NULL,
      upstream text COLLATE "C",
      image text COLLATE "C",
      copied_as text COLLATE "C",
      state text NOT NULL
        CHECK (state IN ('recorded', 'waiting', 'copied', 'failed', 'superseded')),
      attempts integer NOT NULL DEFAULT 0,
      queued_at timestamptz NOT NULL,
      tried_at timestamptz,
      next_try_at timestamptz,
      message text,
      UNIQUE (source, event_id)
    )`);
  await knex.raw('CREATE INDEX external_images_by_state ON external_images (state, id)');
  await knex.raw(`
    CREATE INDEX external_images_by_tag ON external_images (source, repository, tag, pushed_at)`);
  await knex.raw(`
    CREATE INDEX external_images_due ON external_images (next_try_at NULLS FIRST, id)
    WHERE state = 'waiting'`);
  await knex.raw('CREATE INDEX external_images_by_age ON external_images (received_at)');
  // The secret itself is made of it and of the key of the cluster, which is no fact.
  await knex.raw(`
    CREATE TABLE event_token (
      is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
      nonce text NOT NULL
    )`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('event_token');
  await knex.schema.dropTable('external_images');
}
