/**
 * The activity feed: who pushed and deleted what, as the change log says it. A trigger takes it from
 * each row that is written there, so it is the same at every site and kept longer than the log.
 */
import type { Knex } from 'knex';

/** Times are those of the log in milliseconds, as they travel. */
const NOTE = `
  CREATE FUNCTION note_activity() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO activity (position, at, action, repository, digest, tags, media_type, actor)
    VALUES (
      NEW.position,
      date_trunc('milliseconds', NEW.at),
      CASE NEW.fact->>'kind' WHEN 'manifest-recorded' THEN 'push' ELSE 'delete' END,
      NEW.fact->>'repository',
      NEW.fact->>'digest',
      CASE NEW.fact->>'kind'
        WHEN 'manifest-recorded' THEN ARRAY(SELECT json_array_elements_text(NEW.fact->'tags'))
        WHEN 'tag-deleted' THEN ARRAY[NEW.fact->>'tag']
        ELSE '{}'
      END,
      NEW.fact->>'mediaType',
      NEW.fact->>'actor')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
  END $$`;

/** By its text: json that holds "\\u0000" anywhere cannot be asked for a field. */
const KINDS = ['manifest-recorded', 'tag-deleted', 'manifest-deleted', 'repository-deleted'];
const IS_TOLD = `CAST(NEW.fact AS text) ~ '^\\{"kind":"(${KINDS.join('|')})"'`;

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE activity (
      position bigint PRIMARY KEY,
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
      actor text COLLATE "C" NOT NULL
    )`);
  await knex.raw('CREATE INDEX activity_by_time ON activity (at, position)');
  await knex.raw('CREATE INDEX activity_by_group ON activity (group_name, at, position)');
  await knex.raw('CREATE INDEX activity_by_project ON activity (project, at, position)');
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
