import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Client } from '../conformance/client.ts';
import { closeConnections } from '../conformance/exchange.ts';
import { ADMIN, findPort, type Started, startProgram } from '../support/programs/program.ts';
import { isFullLength } from './length.ts';
import { signalFamily } from './process-tree.ts';
import { expectKept, type Promised, pushOn } from './pusher.ts';
import { randomFrom } from './seed.ts';

const KILLS = isFullLength ? 30 : 6;
const PUSHERS = 4;
/** The moments of the kills follow from it, so that a failure can be looked at again. */
const SEED = 20_251;
/** A kill comes after so many acknowledged blobs at most, and a moment that no step ends at. */
const MOST_BLOBS = 32;
const SPREAD_MS = 60;
/** However slow the machine is, pushes are under way by then. */
const PATIENCE_MS = 15_000;
/** How long an unfinished upload is kept. */
const EXPIRY_SECONDS = 5;
/** The lease of the leader that was killed has to run out before another one keeps up. */
const UPKEEP_MS = 40_000;

describe(`a site that is killed ${KILLS} times in the middle of pushes`, function () {
  this.timeout(isFullLength ? 600_000 : 120_000);
  let data: string;
  before(async () => {
    data = await mkdtemp(join(tmpdir(), 'meridian-kill-'));
  });
  after(async () => {
    closeConnections();
    await rm(data, { recursive: true, force: true });
  });

  it('keeps every push that it acknowledged, and no temporary file', async () => {
    const random = randomFrom(SEED);
    const promised = Array.from({ length: PUSHERS }, (_, index) => promiseFor(index));
    for (let round = 0; round < KILLS; round += 1) {
      const program = await start(data, round % 3 === 2 ? 2 : 1);
      const moment = { blobs: Math.ceil(random() * MOST_BLOBS), thenMs: random() * SPREAD_MS };
      await pushAndKill(program, { round, promised, ...moment });
    }
    // The next start's upkeep shall find every unfinished upload expired.
    await wait(EXPIRY_SECONDS * 1000);
    const last = await start(data, 1);
    try {
      const client = new Client(last.url, ADMIN);
      for (const each of promised) await expectKept(client, each);
      const count = promised.reduce((sum, { tags }) => sum + tags.size, 0);
      expect(count, 'images that were acknowledged').to.be.above(KILLS / 2);
      await expectNothingTemporary(data);
    } finally {
      await last.stop();
    }
  });
});

async function start(data: string, processes: number): Promise<Started> {
  return startProgram({
    data,
    port: await findPort(),
    env: { MERIDIAN_PROCESSES: String(processes), MERIDIAN_UPLOAD_EXPIRY: `${EXPIRY_SECONDS}s` },
  });
}

interface Round {
  readonly round: number;
  readonly promised: readonly Promised[];
  /** The kill comes when so many more blobs were acknowledged, and so long after. */
  readonly blobs: number;
  readonly thenMs: number;
}

async function pushAndKill(program: Started, moment: Round): Promise<void> {
  const { round, promised } = moment;
  const enough = countBlobs(promised) + moment.blobs;
  const over = new AbortController();
  const pushers = promised.map((each, index) => {
    const name = `r${round}p${index}`;
    const options = { url: program.url, credentials: ADMIN, name, promised: each };
    return pushOn(options, over.signal);
  });
  const deadline = performance.now() + PATIENCE_MS;
  while (countBlobs(promised) < enough && performance.now() < deadline) await wait(5);
  await wait(moment.thenMs);
  const exited = once(program.process, 'exit');
  signalFamily(program.process.pid!, 'SIGKILL');
  over.abort();
  await Promise.all([exited, ...pushers]);
}

/** Waits for the upkeep that follows each start. */
async function expectNothingTemporary(data: string): Promise<void> {
  const folder = join(data, 'content', 'staging');
  const deadline = performance.now() + UPKEEP_MS;
  let left = await readdir(folder);
  while (left.length > 0 && performance.now() < deadline) {
    await wait(200);
    left = await readdir(folder);
  }
  expect(left).to.deep.equal([]);
}

function countBlobs(promised: readonly Promised[]): number {
  return promised.reduce((sum, { blobs }) => sum + blobs.length, 0);
}

function promiseFor(index: number): Promised {
  return { repository: `pusher-${index}`, blobs: [], tags: new Map() };
}
