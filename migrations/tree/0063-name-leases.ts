/**
 * Names that somebody keeps for a while, to move something there or away from there; and the first
 * lock of every write to a repository. It is shared: whoever changes the names below a group takes
 * it alone. SQLSTATE MN001 says that the name is leased, its detail until when.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE name_leases (
      path text COLLATE "C" PRIMARY KEY,
      is_tree boolean NOT NULL,
      actor text NOT NULL,
      expires_at timestamptz NOT NULL
    )`);
  // A function, since each statement in it sees what was committed while it waited for its turn.
  await knex.raw(`
    CREATE FUNCTION lock_name(name text, paths text[]) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
      leased_until timestamptz;
    BEGIN
      PERFORM pg_advisory_xact_lock_shared(
        hashtextextended('group:' || split_part(name, '/', 1), 0));
      SELECT max(expires_at) INTO leased_until FROM name_leases
      WHERE path = ANY (paths) AND (is_tree OR path = name) AND expires_at > clock_timestamp();
      IF leased_until IS NOT NULL THEN
        RAISE EXCEPTION 'the name is leased' USING ERRCODE = 'MN001',
          DETAIL = to_char(leased_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
      END IF;
    END $$`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP FUNCTION lock_name');
  await knex.schema.dropTable('name_leases');
}
