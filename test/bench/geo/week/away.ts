/**
 * A site that was away for a week: so many changes were written at its primary meanwhile, and it
 * applies them all. Then one that joins behind the trimmed log, and takes a snapshot of all facts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'pg';
import { openFacts } from '../../../../src/wire/facts.ts';
import { type GeoSite, type GeoStand, startSites } from '../stand.ts';
import { atLeast, atMost, type BenchOptions, type GeoRow } from '../table.ts';
import { writeHistory } from './history.ts';
import { type MemoryFigures, sampleMemory } from './memory.ts';

const LIMIT_MS = 600_000;
/** Changes, or facts of a snapshot, that are applied in a second. */
const LEAST_PACE = 1000;
const MOST_GROWTH = 1.3;

export async function benchWeekAway({ isSmall }: BenchOptions): Promise<GeoRow[]> {
  const count = isSmall ? 3000 : 100_000;
  const stand = await startSites({ secondaries: 1, roundTripMs: 0 });
  try {
    const secondary = stand.secondaries[0]!;
    await untilPosition(secondary, await readPosition(stand.primary));
    await secondary.kill();
    const written = await writeHistory(stand.primary, count);
    return [...(await measureReturn(stand, written)), ...(await measureSnapshot(stand))];
  } finally {
    await stand.stop();
  }
}

async function measureReturn(stand: GeoStand, count: number): Promise<GeoRow[]> {
  const [primary, secondary] = [stand.primary, stand.secondaries[0]!];
  const head = await readPosition(primary);
  const before = head - count;
  await secondary.start();
  const measured = await measure([primary, secondary], readPosition, async () => {
    await untilPosition(secondary, head);
  });
  const pace = (head - before) / measured.seconds;
  const done = `${count} changes applied in ${measured.seconds.toFixed(1)} s`;
  return describe('a week away', { ...measured, done, pace });
}

async function measureSnapshot(stand: GeoStand): Promise<GeoRow[]> {
  const { primary } = stand;
  const facts = await openFacts({ url: primary.databaseUrl, poolSize: 1 });
  const head = await facts.changeLog.head();
  await facts.changeLog.trim(head);
  await facts.close();
  const rows = await countFacts(primary);
  const joined = await stand.beginSecondary();
  const measured = await measure([primary, joined], countFacts, async () => {
    await untilPosition(joined, head);
  });
  const done = `a snapshot of ${rows} facts taken in ${measured.seconds.toFixed(1)} s`;
  return describe('behind the log', { ...measured, done, pace: rows / measured.seconds });
}

interface Measured {
  readonly seconds: number;
  readonly memory: readonly MemoryFigures[];
}

function describe(
  promise: string,
  { done, pace, memory }: Measured & { readonly done: string; readonly pace: number },
): GeoRow[] {
  const growth = memory.map(({ warmMib, mostMib }, index) => {
    const who = index === 0 ? 'primary' : 'secondary';
    const held = `${warmMib.toFixed(0)} MiB after a tenth, ${mostMib.toFixed(0)} MiB at most`;
    const value = mostMib / warmMib;
    return atMost(MOST_GROWTH, {
      promise,
      done: `memory of the ${who}: ${held}`,
      value,
      unit: '×',
    });
  });
  return [atLeast(LEAST_PACE, { promise, done, value: Math.round(pace), unit: '/s' }), ...growth];
}

/** @param readDone how far the second site is */
async function measure(
  sites: readonly [GeoSite, GeoSite],
  readDone: (site: GeoSite) => Promise<number>,
  work: () => Promise<void>,
): Promise<Measured> {
  const begun = performance.now();
  let seconds = 0;
  const pids = sites.map(({ pid }) => pid);
  const memory = await sampleMemory(
    pids,
    () => readDone(sites[1]),
    async () => {
      await work();
      seconds = (performance.now() - begun) / 1000;
    },
  );
  return { seconds, memory };
}

async function untilPosition(site: GeoSite, position: number): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  while ((await readPosition(site)) < position) {
    if (performance.now() > end) throw new Error(`${site.name} did not reach ${position}`);
    await sleep(50);
  }
}

function readPosition(site: GeoSite): Promise<number> {
  return readNumber(site, 'SELECT position::int AS value FROM log_head');
}

/** Rows of the facts that a snapshot brings. */
function countFacts(site: GeoSite): Promise<number> {
  const tables = ['repositories', 'blob_links', 'manifests', 'tags', 'accounts'];
  const counts = tables.map((table) => `(SELECT count(*) FROM ${table})`);
  return readNumber(site, `SELECT (${counts.join(' + ')})::int AS value`);
}

async function readNumber({ databaseUrl }: GeoSite, sql: string): Promise<number> {
  const pool = new Pool({ connectionString: databaseUrl, max: 1 });
  try {
    return (await pool.query<{ value: number }>(sql)).rows[0]!.value;
  } finally {
    await pool.end();
  }
}
