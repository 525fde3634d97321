/**
 * A tag that is copied to another name with its image keeps when and by whom it was pushed: the
 * fact says when, and its actor is whoever did. Also here: the index that says when a repository
 * of that name was deleted last, since no token that is older counts for it.
 */
import type { Knex } from 'knex';

const notePush = (at: string) => `
  CREATE OR REPLACE FUNCTION note_push() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE tags
    SET pushed_at = date_trunc('milliseconds', ${at}), pushed_by = NEW.fact->>'actor'
    WHERE repository = NEW.fact->>'repository' AND digest = NEW.fact->>'digest'
      AND name = ANY (ARRAY(SELECT json_array_elements_text(NEW.fact->'tags')));
    RETURN NULL;
  END $$`;

export async function up(knex: Knex): Promise<void> {
  await knex.raw(notePush("coalesce(CAST(NEW.fact->>'pushedAt' AS timestamptz), NEW.at)"));
  await knex.raw(`
    CREATE INDEX changes_by_deletion ON changes ((fact->>'repository'), position)
    WHERE CAST(fact AS text) LIKE '{"kind":"repository-deleted"%'`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP INDEX changes_by_deletion');
  await knex.raw(notePush('NEW.at'));
}
