/** A site over a database of its own, whose rows are written behind its back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as Database } from 'pg';
import { createLog } from '../../src/log.ts';
import { EmbeddedPostgres } from '../../src/storage/postgres/embedded.ts';
import { openOurs, type Stand } from './stand.ts';

/** Both are gone when the task is over, however it ends. */
export async function withOwnDatabase<Outcome>(
  task: (ours: Stand, database: Database) => Promise<Outcome>,
): Promise<Outcome> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-rows-'));
  const postgres = await EmbeddedPostgres.open({
    dataDirectory: directory,
    log: createLog('silent'),
  });
  const database = new Database(postgres.url);
  try {
    await using ours = await openOurs({ DATABASE_URL: postgres.url });
    await database.connect();
    return await task(ours, database);
  } finally {
    await database.end();
    await postgres.close();
    await rm(directory, { recursive: true, force: true });
  }
}
