/** Groups and projects: what the first level and the first two levels of a name say. */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE repositories
      ADD COLUMN group_name text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (split_part(name, '/', 1)) STORED,
      ADD COLUMN project text COLLATE "C" NOT NULL
        GENERATED ALWAYS AS (
          split_part(name, '/', 1) ||
          CASE WHEN position('/' IN name) > 0 THEN '/' || split_part(name, '/', 2) ELSE '' END
        ) STORED`);
  await knex.raw(`
    CREATE INDEX repositories_by_project ON repositories (group_name, project, name)`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('ALTER TABLE repositories DROP COLUMN group_name, DROP COLUMN project');
}
