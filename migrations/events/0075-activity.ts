/**
 * The activity feed: who pushed, deleted and moved what, as the change log says it. A trigger takes
 * it from each row that is written there, so it is the same at every site, and kept for longer than
 * the log.
 */
import type { Knex } from 'knex';

/**
 * Times are those of the log in milliseconds, as they travel. What a move brings under another name
 * was pushed before; the move itself is told of both names.
 */
const NOTE = `
  CREATE FUNCTION note_activity() RETURNS trigger LANGUAGE plpgsql AS $$
  DECLARE
    kind text := NEW.fact->>'kind';
    moved_to text := NEW.fact->>'movedTo';
  BEGIN
    IF NEW.fact->>'movedFrom' IS NOT NULL THEN
      RETURN NULL;
    END IF;
    INSERT INTO activity
      (id, at, action, repository, digest, tags, media_type, moved_to, moved_from, actor)
    SELECT
      2 * NEW.position + entry.nth,
      date_trunc('milliseconds', NEW.at),
      CASE WHEN moved_to IS NOT NULL THEN 'move' WHEN kind = 'manifest-recorded' THEN 'push'
        ELSE 'delete' END,
      entry.repository,
      NEW.fact->>'digest',
      CASE kind
        WHEN 'manifest-recorded' THEN ARRAY(SELECT json_array_elements_text(NEW.fact->'tags'))
        WHEN 'tag-deleted' THEN ARRAY[NEW.fact->>'tag']
        ELSE '{}'
      END,
      NEW.fact->>'mediaType',
      CASE entry.nth WHEN 0 THEN moved_to END,
      CASE entry.nth WHEN 1 THEN NEW.fact->>'repository' END,
      NEW.fact->>'actor'
    FROM (VALUES (0, NEW.fact->>'repository'), (1, moved_to)) AS entry (nth, repository)
    WHERE entry.repository IS NOT NULL
    ON CONFLICT DO NOTHING;
    RETURN NULL;
  END $$`;

/** By its text: json that holds "\\u0000" anywhere cannot be asked for a field. */
const KINDS = ['manifest-recorded', 'tag-deleted', 'manifest-deleted', 'repository-deleted'];
const IS_TOLD = `CAST(NEW.fact AS text) ~ '^\\{"kind":"(${KINDS.join('|')})"'`;

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE activity (
      id bigint PRIMARY KEY,
      at timestamptz NOT NULL,
      action text NOT NULL,
      repository text COLLATE "C" NOT NULL,
      group_name text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (split_part(repository, '/', 1)) STORED,
      project text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (
          split_part(repository, '/', 1) ||
          CASE WHEN position('/' IN repository) > 0
            THEN '/' || split_part(repository, '/', 2) ELSE '' END
        ) STORED,
      digest text,
      tags text[] NOT NULL,
      media_type text,
      moved_to text,
      moved_from text,
      actor text COLLATE "C" NOT NULL
    )`);
  await knex.raw('CREATE INDEX activity_by_time ON activity (at, id)');
  await knex.raw('CREATE INDEX activity_by_group ON activity (group_name, at, id)');
  await knex.raw('CREATE INDEX activity_by_project ON activity (project, at, id)');
  await knex.raw(NOTE);
  await knex.raw(`
    CREATE TRIGGER note_activity AFTER INSERT ON changes FOR EACH ROW
    WHEN (${IS_TOLD}) EXECUTE FUNCTION note_activity()`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP TRIGGER note_activity ON changes');
  await knex.raw('DROP FUNCTION note_activity');
  await knex.schema.dropTable('activity');
}
