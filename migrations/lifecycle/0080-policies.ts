/**
 * What administrators set at paths of the tree of names, and the lock of every write to a
 * repository, which answers with what covers it: so to look costs a push nothing more. A function,
 * since each statement in it sees what was committed while it waited for its turn. Whoever changes
 * a policy takes the lock of all policies alone: no write that was judged before commits after.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE policies (
      path text COLLATE "C" NOT NULL,
      kind text COLLATE "C" NOT NULL,
      name text COLLATE "C" NOT NULL,
      rule jsonb NOT NULL,
      PRIMARY KEY (path, kind, name)
    )`);
  await knex.raw(`
    CREATE FUNCTION lock_repository(repository text, paths text[])
    RETURNS SETOF jsonb LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock_shared(hashtextextended('policies', 0));
      PERFORM lock_name(repository, paths);
      PERFORM pg_advisory_xact_lock(hashtextextended('repository:' || repository, 0));
      RETURN QUERY SELECT rule FROM policies WHERE path = ANY (paths) ORDER BY path, kind, name;
    END $$`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP FUNCTION lock_repository');
  await knex.raw('DROP TABLE policies');
}
