import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { Client } from '../conformance/client.ts';
import { closeConnections } from '../conformance/exchange.ts';
import { digestOf, Fixtures } from '../conformance/fixtures.ts';
import { Repository, withQuery } from '../conformance/repository.ts';
import { ADMIN, type Started, startProgram } from '../support/programs/program.ts';

const SIZE_BYTES = 48 * 1024 * 1024;
const STEP_BYTES = SIZE_BYTES / 16;

describe('a program that is told to stop', function () {
  this.timeout(60_000);
  after(closeConnections);

  it('lets an upload and a download finish, takes nothing new, and exits with 0', async () => {
    const { program, repository } = await start('20s');
    const blob = await repository.pushNewBlob(SIZE_BYTES);
    const download = await startDownload(repository, blob.digest);
    const bytes = new Fixtures('upload').bytes(SIZE_BYTES);
    const upload = await startUpload(repository, bytes);
    const exited = once(program.process, 'exit');
    program.process.kill('SIGTERM');
    await untilRefused(program);
    const [downloaded, status] = await Promise.all([download.finish(), upload.finish()]);
    expect(digestOf(downloaded)).to.equal(blob.digest);
    expect(status).to.equal(201);
    expect(await exited).to.deep.equal([0, null]);
    await program.stop();
  });

  it('cuts what takes longer than the deadline, and exits', async () => {
    const { program, repository } = await start('1s');
    const upload = await startUpload(repository, Buffer.alloc(SIZE_BYTES));
    const begun = performance.now();
    const exited = once(program.process, 'exit');
    program.process.kill('SIGTERM');
    await exited;
    expect(performance.now() - begun).to.be.within(900, 8000);
    expect(await upload.finish().catch(() => 'cut')).to.equal('cut');
    expect(program.output()).to.include('transfers were cut off');
    await program.stop();
  });

  it('ends at once when it is told twice', async () => {
    const { program, repository } = await start('60s');
    const upload = await startUpload(repository, Buffer.alloc(SIZE_BYTES));
    const begun = performance.now();
    const exited = once(program.process, 'exit');
    program.process.kill('SIGTERM');
    await untilRefused(program);
    program.process.kill('SIGTERM');
    expect((await exited)[0]).to.equal(1);
    expect(performance.now() - begun).to.be.below(5000);
    await upload.finish().catch(() => undefined);
    await program.stop();
  });
});

async function start(deadline: string) {
  const program = await startProgram({ env: { MERIDIAN_DRAIN_DEADLINE: deadline } });
  const client = new Client(program.url, ADMIN);
  return { program, repository: new Repository(client, 'a/b', new Fixtures('drain')) };
}

/** Reads the head of the answer and no more, until the rest is asked for. */
async function startDownload({ client, name }: Repository, digest: string) {
  const url = new URL(`/v2/${name}/blobs/${digest}`, client.url);
  const outgoing = request(url, { headers: await client.headersFor(url) }).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { finish: () => buffer(response) };
}

/** Sends one step of the body, and the others when the rest is asked for. */
async function startUpload(repository: Repository, bytes: Buffer) {
  const { client } = repository;
  const url = withQuery(await repository.openUpload(), { digest: digestOf(bytes) });
  const headers = await client.headersFor(url, { 'Content-Length': bytes.length });
  const outgoing = request(url, { method: 'PUT', headers });
  const answered = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  answered.catch(() => undefined);
  await new Promise((resolve) => outgoing.write(bytes.subarray(0, STEP_BYTES), resolve));
  const finish = async (): Promise<number | undefined> => {
    for (let from = STEP_BYTES; from < bytes.length; from += STEP_BYTES) {
      await wait(20);
      outgoing.write(bytes.subarray(from, from + STEP_BYTES));
    }
    outgoing.end();
    const [response] = await answered;
    response.resume();
    return response.statusCode;
  };
  return { finish };
}

async function untilRefused({ url }: Started): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    const headers = { Connection: 'close' };
    const isRefused = await fetch(new URL('/livez', url), { headers }).then(
      ({ status }) => status === 503,
      () => true,
    );
    if (isRefused) return;
    await wait(20);
  }
  throw new Error('new requests are still answered');
}
