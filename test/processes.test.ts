import { expect } from 'chai';
import { Client } from './conformance/client.ts';
import { closeConnections } from './conformance/exchange.ts';
import { Fixtures } from './conformance/fixtures.ts';
import { expectContent, locationOf, Repository } from './conformance/repository.ts';
import { ADMIN, type Started, startProgram } from './support/programs/program.ts';
import { until } from './two-sites/client.ts';

const CHUNK_BYTES = 64 * 1024;
const CHUNKS = 8;

/** A line of its log that speaks of a request. */
interface RequestLine {
  readonly pid: number;
  readonly path: string;
}

describe('a site of several processes', function () {
  this.timeout(60_000);
  let program: Started;

  before(async () => {
    program = await startProgram({ env: { MERIDIAN_PROCESSES: '2', MERIDIAN_ACCESS_LOG: 'all' } });
    await until('both processes answer', async () => {
      await fetch(new URL('/livez', program.url), { headers: { Connection: 'close' } });
      return processesOf('/livez').size === 2;
    });
  });
  after(async () => {
    closeConnections();
    await program.stop();
  });

  const repositoryNamed = (name: string): Repository =>
    new Repository(new Client(program.url, ADMIN), name, new Fixtures(name));

  it('lets each request of an upload reach another process', async () => {
    const repository = repositoryNamed('team/upload');
    const blob = new Fixtures('upload').blob(CHUNK_BYTES * CHUNKS);
    let location = await repository.openUpload();
    for (let from = 0; from < blob.bytes.length; from += CHUNK_BYTES) {
      closeConnections();
      const chunk = blob.bytes.subarray(from, from + CHUNK_BYTES);
      location = locationOf(await repository.patch(location, chunk));
    }
    closeConnections();
    expect((await repository.close(location, blob.digest)).status).to.equal(201);
    expectContent(await repository.getBlob(blob.digest), blob);
    await until('both have written their lines', async () => processesOf('/blobs/').size === 2);
  });

  it('replaces one that was killed, while the other answers', async () => {
    const [killed] = processesOf('/v2/');
    process.kill(killed!, 'SIGKILL');
    await until('another one is started', async () => program.output().includes('started again'));
    const repository = repositoryNamed('team/killed');
    const blob = await repository.pushNewBlob(1000);
    expectContent(await repository.getBlob(blob.digest), blob);
    await until('the new one answers too', async () => {
      closeConnections();
      await repository.headBlob(blob.digest);
      const alive = processesOf(blob.digest);
      return alive.size === 2 && !alive.has(killed!);
    });
  });

  it('ends with all its processes when it is told to', async () => {
    const processes = processesOf('/v2/');
    await program.stop();
    expect(program.process.exitCode).to.equal(0);
    for (const pid of processes) expect(() => process.kill(pid, 0)).to.throw('ESRCH');
  });

  /** Processes that answered for such a path. */
  function processesOf(part: string): Set<number> {
    const lines = program.output().split('\n');
    const requests = lines.filter((line) => line.includes('"msg":"request"'));
    const parsed = requests.map((line) => JSON.parse(line) as RequestLine);
    return new Set(parsed.filter(({ path }) => path.includes(part)).map(({ pid }) => pid));
  }
});
