import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { closeConnections } from '../conformance/exchange.ts';
import { requireProgram } from '../support/programs/commands.ts';
import { ADMIN } from '../two-sites/site.ts';
import { isFullLength } from './length.ts';
import { randomFrom } from './seed.ts';
import { findWrongBytes } from './two-sites/bytes.ts';
import { doHarms, type Planned, planHarms } from './two-sites/harms.ts';
import { readFacts, readLedger, readTruth } from './two-sites/oracle.ts';
import { RestlessPusher } from './two-sites/pusher.ts';
import { type Sites, startSites } from './two-sites/sites.ts';
import { askStatus, findLies, Witness } from './two-sites/witness.ts';

const ROUNDS = isFullLength ? 50 : 3;
/** Which harms come when follows from it, so that a failure can be looked at again. */
const SEED = Number(process.env['FAULTS_SEED'] ?? 20_266);
/** So long is pushed in each round, and all harms come within it. */
const RUSH_MS = 1500;
/** On a slow machine longer, until so much was acknowledged. */
const LEAST_CHANGES = 5;
const PATIENCE_MS = 20_000;
/** So soon after the last harm the secondary has everything, and nothing is under way. */
const BOUND_MS = 45_000;
/** So soon after that the status says so, here and at the primary, which is told. */
const TOLD_MS = 5000;
/** Every byte is hashed each so many rounds, and after the last one. */
const HASH_ROUNDS = 10;

describe(`two sites in ${ROUNDS} rounds of harm (seed ${SEED})`, function () {
  this.timeout(isFullLength ? 1_500_000 : 240_000);
  const random = randomFrom(SEED);
  let sites: Sites;
  let databases: { readonly tokyo: Pool; readonly lisbon: Pool };
  let redis: Redis;
  let pushers: RestlessPusher[];
  let witness: Witness;

  before(async function () {
    requireProgram('redis-server', this);
    sites = await startSites();
    const { tokyo, lisbon } = sites;
    databases = { tokyo: openPool(tokyo.databaseUrl), lisbon: openPool(lisbon.databaseUrl) };
    redis = new Redis(lisbon.redisUrl, { retryStrategy: () => 50, maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    witness = new Witness({ database: databases.lisbon, url: lisbon.url, site: 'lisbon' });
    const places = [tokyo, tokyo, lisbon];
    pushers = places.map(({ url, name: at }, index) => {
      const name = `${at}-${index}`;
      return new RestlessPusher({
        name,
        url,
        credentials: ADMIN,
        random: randomFrom(SEED + index),
      });
    });
  });
  after(async () => {
    closeConnections();
    redis?.disconnect();
    await databases?.tokyo.end();
    await databases?.lisbon.end();
    await sites?.stop();
  });

  it('converge with the right bytes, no job left, and a status that never lies', async () => {
    const over = new AbortController();
    const watching = witness.watch(over.signal);
    const seconds: number[] = [];
    try {
      for (let round = 1; round <= ROUNDS; round += 1) {
        const harms = planHarms(random, RUSH_MS);
        await tellWhere(`round ${round}: ${describeHarms(harms)}`, async () => {
          await rush(harms);
          seconds.push(await converge());
          await expectTold();
          await expectPromised();
          if (round % HASH_ROUNDS === 0 || round === ROUNDS) await expectRightBytes();
        });
      }
    } finally {
      over.abort();
      await watching;
    }
    const count = countAcknowledged();
    expect(count, 'changes that were acknowledged').to.be.above(ROUNDS);
    expect(witness.comparisons, 'times that the status was compared').to.be.above(ROUNDS);
    const [worst, sum] = [Math.max(...seconds), seconds.reduce((one, other) => one + other, 0)];
    process.stdout.write(
      `      ${count} changes acknowledged, status compared ${witness.comparisons} times; ` +
        `there after ${(sum / ROUNDS).toFixed(1)} s on average, ${worst.toFixed(1)} s at most\n`,
    );
  });

  /** Everybody pushes while it breaks. */
  async function rush(harms: readonly Planned[]): Promise<void> {
    const over = new AbortController();
    const pushing = pushers.map((pusher) => pusher.run(over.signal));
    const harming = doHarms(harms, sites, random);
    const enough = countAcknowledged() + LEAST_CHANGES;
    await Promise.all([wait(RUSH_MS), harming]);
    const deadline = performance.now() + PATIENCE_MS;
    while (countAcknowledged() < enough && performance.now() < deadline) await wait(20);
    over.abort();
    await Promise.all(pushing);
  }

  function countAcknowledged(): number {
    return pushers.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
  }

  /** @returns after how many seconds both sites have the same, and nothing is under way. */
  async function converge(): Promise<number> {
    const begun = performance.now();
    let lack = await findLack();
    while (lack !== '') {
      if (performance.now() - begun > BOUND_MS) throw new Error(`it did not converge: ${lack}`);
      await wait(100);
      lack = await findLack();
    }
    return (performance.now() - begun) / 1000;
  }

  /** What is not as it should be when nobody pushes; '' for nothing. */
  async function findLack(): Promise<string> {
    try {
      const [here, there] = [await readTruth(databases.lisbon), await readTruth(databases.tokyo)];
      if (here.position !== there.position) return `at ${here.position}, not ${there.position}`;
      if (here.verifiedBlobs !== here.blobs) return `${here.verifiedBlobs} of ${here.blobs} blobs`;
      const { wanted, transferring, failed } = await readLedger(redis, 'lisbon');
      const left = wanted + transferring + failed;
      if (left > 0) return `${wanted} wanted, ${transferring} under way, ${failed} failed`;
      await askStatus(sites.tokyo.url, 'lisbon');
      await askStatus(sites.lisbon.url, 'lisbon');
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  }

  /** The status of the site itself, and what the primary was told of it, are the oracle's. */
  async function expectTold(): Promise<void> {
    const begun = performance.now();
    let lies = await listLies();
    while (lies.length > 0 && performance.now() - begun < TOLD_MS) {
      await wait(100);
      lies = await listLies();
    }
    expect(lies, 'what the status says').to.deep.equal([]);
    expect(witness.lies.splice(0), 'what the status said meanwhile').to.deep.equal([]);
  }

  async function listLies(): Promise<string[]> {
    const { tokyo, lisbon } = sites;
    try {
      const truth = await readTruth(databases.lisbon);
      const live = await askStatus(lisbon.url, 'lisbon');
      const told = await askStatus(tokyo.url, 'lisbon');
      const own = await askStatus(tokyo.url, 'tokyo');
      const health = [live, told].filter((each) => each.health !== 'Everything is here.');
      return [
        ...findLies(live, truth),
        ...findLies(told, truth).map((lie) => `at the primary, ${lie}`),
        ...health.map((each) => each.health),
        ...(own.blobs.total === truth.blobs ? [] : [`the primary counts ${own.blobs.total} blobs`]),
      ];
    } catch (error) {
      return [(error as Error).message];
    }
  }

  /** Both sites have the same facts, and among them whatever was acknowledged. */
  async function expectPromised(): Promise<void> {
    const [here, there] = [await readFacts(databases.lisbon), await readFacts(databases.tokyo)];
    expect(here).to.deep.equal(there);
    const targets = new Map(there['tags']!.map((row) => splitTag(row)));
    for (const { repository, tags } of pushers) {
      for (const [tag, allowed] of tags) {
        const target = targets.get(`${repository} ${tag}`);
        expect(allowed.has(target), `${repository}:${tag} points to ${target}`).to.equal(true);
      }
    }
  }

  async function expectRightBytes(): Promise<void> {
    for (const name of ['tokyo', 'lisbon'] as const) {
      const wrong = await findWrongBytes(databases[name], sites[name].content);
      expect(wrong, `what is wrong at ${name}`).to.deep.equal([]);
    }
  }

  /** A failure says in which round it was, and what the programs said last. */
  async function tellWhere(round: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const { message } = error as Error;
      throw new Error(`${round}: ${message}\n${sites.tell()}`, { cause: error });
    }
  }
});

function describeHarms(harms: readonly Planned[]): string {
  return harms.map(({ name, atMs }) => `${name} after ${atMs} ms`).join(', ');
}

/** `repository tag` and the digest that it points to. */
function splitTag(row: string): [string, string] {
  const end = row.lastIndexOf(' ');
  return [row.slice(0, end), row.slice(end + 1)];
}

/** A database that goes away breaks its connections, which is no failure of the test. */
function openPool(url: string): Pool {
  const pool = new Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 2000 });
  pool.on('error', () => undefined);
  return pool;
}
