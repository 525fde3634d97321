/**
 * Beginning an upload where the limits allow it: one after the other, so that of many at once not
 * one too many is let in. A function, since each statement in it sees what was committed while it
 * waited for its turn.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE FUNCTION begin_upload(session uploads, per_subject bigint, per_repository bigint)
    RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtextextended('uploads', 0));
      IF (SELECT count(*) FROM uploads WHERE subject = session.subject) >= per_subject
        OR (SELECT count(*) FROM uploads WHERE repository = session.repository) >= per_repository
      THEN
        RETURN false;
      END IF;
      INSERT INTO uploads SELECT session.*;
      RETURN true;
    END $$`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw('DROP FUNCTION begin_upload');
}
