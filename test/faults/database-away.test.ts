import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Client } from '../conformance/client.ts';
import { type Answer, closeConnections } from '../conformance/exchange.ts';
import { Fixtures } from '../conformance/fixtures.ts';
import { expectContent, expectStatus, locationOf, Repository } from '../conformance/repository.ts';
import { ADMIN, type Started, startProgram } from '../support/programs/program.ts';
import { familyOf, signalAll } from './process-tree.ts';

const AWAY_MS = 10_000;
/** So soon each request is answered while the database says nothing. */
const ANSWER_MS = 6500;

describe('a site whose database goes away', function () {
  this.timeout(120_000);
  let program: Started;
  let repository: Repository;
  const fixtures = new Fixtures('database-away');

  before(async () => {
    program = await startProgram();
    repository = new Repository(new Client(program.url, ADMIN), 'a/b', fixtures);
  });
  after(async () => {
    closeConnections();
    await program.stop();
  });

  it('answers 503 while it hangs for ten seconds, then goes on where it was', async () => {
    const image = await repository.pushImage('latest');
    const blob = fixtures.blob(300_000);
    const location = await repository.openUpload();
    const first = await repository.patch(location, blob.bytes.subarray(0, 100_000));
    const server = familyOf(await findServer(program));
    const since = performance.now();
    signalAll(server, 'SIGSTOP');
    try {
      await expectAway(program, [
        repository.getManifest('latest'),
        repository.getBlob(image.layer.digest),
        repository.patch(locationOf(first), blob.bytes.subarray(100_000, 200_000)),
        repository.startUpload(),
        repository.putManifest(image.manifest, 'other'),
      ]);
      await wait(Math.max(0, AWAY_MS - (performance.now() - since)));
    } finally {
      signalAll(server, 'SIGCONT');
    }
    await expectRecovery(program);
    await goOn(repository, locationOf(first), blob);
    expectContent(await repository.getManifest('latest'), image.manifest);
  });

  it('comes back by itself when the server is killed', async () => {
    const image = await repository.pushImage('kept');
    signalAll(familyOf(await findServer(program)), 'SIGKILL');
    await expectRecovery(program);
    expectContent(await repository.getManifest('kept'), image.manifest);
    await repository.pushImage('after');
  });
});

async function findServer({ data }: Started): Promise<number> {
  return Number.parseInt(await readFile(join(data, 'postgres', 'postmaster.pid'), 'utf8'), 10);
}

/** Every answer is a 503 that says when to come back, and `/readyz` says the same. */
async function expectAway(program: Started, requests: readonly Promise<Answer>[]): Promise<void> {
  const begun = performance.now();
  for (const answer of await Promise.all(requests)) {
    expectStatus(answer, 503);
    expect(answer.headers).to.have.property('retry-after');
  }
  const slowestMs = performance.now() - begun;
  expect(slowestMs, 'time of the slowest answer').to.be.below(ANSWER_MS);
  expect((await fetch(new URL('/readyz', program.url))).status).to.equal(503);
  expect((await fetch(new URL('/livez', program.url))).status).to.equal(200);
}

async function expectRecovery(program: Started): Promise<void> {
  const deadline = performance.now() + 15_000;
  while ((await fetch(new URL('/readyz', program.url))).status !== 200) {
    expect(performance.now(), 'time when it is ready again').to.be.below(deadline);
    await wait(50);
  }
}

/** The upload stands somewhere, its client asks where, and sends the rest. */
async function goOn(
  repository: Repository,
  location: URL,
  { bytes, digest }: { readonly bytes: Buffer; readonly digest: string },
): Promise<void> {
  const status = await repository.client.send('GET', location);
  expectStatus(status, 204);
  const held = Number(String(status.headers['range']).split('-')[1]) + 1;
  expect(held).to.be.oneOf([100_000, 200_000]);
  const rest = await repository.patch(locationOf(status), bytes.subarray(held));
  expectStatus(rest, 202);
  expectStatus(await repository.close(locationOf(rest), digest), 201);
}
