/**
 * When images were pulled at a site last: each repository, and each tag and digest of it. Apart
 * from them, since they are facts that all sites share, and this is not; and no pull waits for a
 * push.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  // The reference is '' for the repository as a whole.
  await knex.raw(`
    CREATE TABLE image_pulls (
      repository text COLLATE "C" NOT NULL,
      reference text COLLATE "C" NOT NULL,
      pulled_at timestamptz NOT NULL,
      is_untold boolean NOT NULL,
      PRIMARY KEY (repository, reference)
    ) WITH (fillfactor = 70)`);
  await knex.raw(`
    CREATE INDEX image_pulls_untold ON image_pulls (repository, reference) WHERE is_untold`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('image_pulls');
}
