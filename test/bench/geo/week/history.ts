/**
 * What happened at the primary while a site was away, written in a fraction of the time: it happens
 * in memory first, and its facts are appended to the primary's log many at once.
 */
import { randomBytes } from 'node:crypto';
import type { Change, Fact } from '../../../../src/storage/change-log.ts';
import { Database } from '../../../../src/storage/postgres/database.ts';
import { appendChanges } from '../../../../src/storage/postgres/facts/append.ts';
import { writeFacts } from '../../../../src/storage/postgres/facts/write-many.ts';
import { randomFrom } from '../../../faults/seed.ts';
import { openMemoryPorts } from '../../../support/ports.ts';
import { liveThrough } from '../../../two-sites/week/changes.ts';
import { Loader } from '../sites/loader.ts';
import type { GeoSite } from '../stand.ts';

const BLOBS = 500;
const BATCH = 500;
/** Nobody waits for the disk while the changes are written; that is not what is measured. */
const CARELESS = encodeURIComponent('-c synchronous_commit=off');

/** At least so many changes, whose blobs lie in the primary's store. @returns how many */
export async function writeHistory(primary: GeoSite, count: number): Promise<number> {
  const memory = await openMemoryPorts();
  const blobs = await placeBlobs(primary);
  await liveThrough({ ...memory, count, blobs, random: randomFrom(1) });
  const database = await Database.open({ url: `${primary.databaseUrl}&options=${CARELESS}` });
  try {
    let after = 0;
    for (;;) {
      const page = await memory.changeLog.list({ after, limit: BATCH, withContent: true });
      if (page.length === 0) return after;
      after = page.at(-1)!.position;
      await append(database, page);
    }
  } finally {
    await database.close();
  }
}

async function placeBlobs(primary: GeoSite) {
  await using loader = await Loader.open(primary);
  const blobs = [];
  for (let n = 0; n < BLOBS; n += 1) blobs.push(await loader.placeBytes(randomBytes(2000)));
  return blobs;
}

async function append(database: Database, page: readonly Change[]): Promise<void> {
  const facts = page.map(({ fact }) => fact);
  await database.transaction(async (trx) => {
    await writeFacts(trx, facts);
    await appendChanges(trx, facts.map(bare));
  });
}

/** The bytes of a manifest stay with the manifest. */
function bare(fact: Fact): Fact {
  if (fact.kind !== 'manifest-recorded') return fact;
  const { content: _, ...rest } = fact;
  return rest;
}
