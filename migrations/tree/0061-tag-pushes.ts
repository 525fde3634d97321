/**
 * When a tag came to point to what it points to, and by whom. A trigger takes both from the row of
 * the change log, which is the same at every site; in milliseconds, as times travel.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE tags
      ADD COLUMN pushed_at timestamptz NOT NULL DEFAULT date_trunc('milliseconds', now()),
      ADD COLUMN pushed_by text NOT NULL DEFAULT ''`);
  await knex.raw('CREATE INDEX tags_by_push ON tags (repository, pushed_at, name)');
  await knex.raw(`
    CREATE FUNCTION note_push() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      UPDATE tags
      SET pushed_at = date_trunc('milliseconds', NEW.at), pushed_by = NEW.fact->>'actor'
      WHERE repository = NEW.fact->>'repository' AND digest = NEW.fact->>'digest'
        AND name = ANY (ARRAY(SELECT json_array_elements_text(NEW.fact->'tags')));
      RETURN NULL;
    END $$`);
  // By its text: json that holds "\\u0000" anywhere cannot be asked for a field.
  await knex.raw(`
    CREATE TRIGGER note_push AFTER INSERT ON changes FOR EACH ROW
    WHEN (CAST(NEW.fact AS text) LIKE '{"kind":"manifest-recorded"%')
    EXECUTE FUNCTION note_push()`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TRIGGER note_push ON changes');
  await knex.raw('DROP FUNCTION note_push');
  await knex.raw('ALTER TABLE tags DROP COLUMN pushed_at, DROP COLUMN pushed_by');
}
