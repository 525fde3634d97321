import { readdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { MAX_MANIFEST_BYTES } from '../../src/oci/manifest.ts';
import { Client } from '../conformance/client.ts';
import { expectError } from '../conformance/errors.ts';
import { type Answer, abandon, closeConnections, headerOf } from '../conformance/exchange.ts';
import {
  type Content,
  digestOf,
  Fixtures,
  imageOf,
  manifestOf,
  OCI_INDEX,
} from '../conformance/fixtures.ts';
import { expectContent, expectStatus, locationOf, Repository } from '../conformance/repository.ts';
import { ADMIN, type Started, startProgram } from '../support/programs/program.ts';
import { isFullLength } from './length.ts';

const MIB = 1024 * 1024;
const LARGE_CHUNKS = isFullLength ? 64 : 4;
const CHUNK = Buffer.alloc(16 * MIB, 7);
const CLIENTS = 20;

describe('bad input to a real site', function () {
  this.timeout(180_000);
  let program: Started;
  let repository: Repository;
  const fixtures = new Fixtures('bad-input');

  before(async () => {
    program = await startProgram();
    repository = new Repository(new Client(program.url, ADMIN), 'a/b', fixtures);
  });
  after(async () => {
    closeConnections();
    await program.stop();
  });

  const stagings = () => readdir(join(program.data, 'content', 'staging'));

  it(`drops ${LARGE_CHUNKS * 16} MiB whose digest is another one`, async () => {
    const body = Array.from({ length: LARGE_CHUNKS }, () => CHUNK);
    const wrong = digestOf(Buffer.from('something else'));
    const answer = await repository.close(await repository.openUpload(), wrong, { body });
    expectError(answer, 400, 'DIGEST_INVALID');
    expect(await stagings()).to.deep.equal([]);
  });

  it('loses nothing with clients that vanish, and keeps nothing open for them', async () => {
    const blob = await repository.pushNewBlob(8 * MIB);
    const before = countFiles(program);
    const half = blob.bytes.subarray(0, 4 * MIB);
    for (let count = 0; count < CLIENTS; count += 1) {
      const url = await repository.openUpload();
      const method = count % 2 === 0 ? 'PATCH' : 'PUT';
      if (method === 'PUT') url.searchParams.set('digest', blob.digest);
      const headers = await repository.client.headersFor(url, {
        'Content-Length': blob.bytes.length,
      });
      await abandon({ method, url, headers, body: half });
      const status = await repository.client.send('GET', url);
      expectStatus(status, 204);
      const answer = await goOn(repository, blob, status);
      // What was sent to vanish may be read after all that came later; then this says from where.
      const last = answer.status === 416 ? await goOn(repository, blob, answer) : answer;
      expectStatus(last, 201);
      await hangUpDuringGet(repository, blob.digest);
    }
    await wait(500);
    expect(countFiles(program)).to.be.at.most(before + 8);
    expect(await stagings()).to.deep.equal([]);
    expectContent(await repository.getBlob(blob.digest), blob);
  });

  it('takes two uploads of one digest at once, and keeps the bytes once', async () => {
    const blob = fixtures.blob(4 * MIB);
    const answers = await Promise.all([repository.putBlob(blob), repository.putBlob(blob)]);
    expect(answers.map(({ status }) => status)).to.deep.equal([201, 201]);
    expectContent(await repository.getBlob(blob.digest), blob);
    expect(await stagings()).to.deep.equal([]);
  });

  it('takes a manifest of 4 MiB, and none that is longer than its limit', async () => {
    const { manifest } = await repository.pushImage();
    const config = await repository.pushBlob(fixtures.config());
    const bare = imageOf(config, [], { annotations: { 'org.example': '' } });
    const fill = (bytes: number) =>
      imageOf(config, [], { annotations: { 'org.example': 'x'.repeat(bytes) } });
    for (const length of [4 * MIB, MAX_MANIFEST_BYTES]) {
      const large = fill(length - bare.bytes.length);
      expect(large.bytes.length).to.equal(length);
      expectStatus(await repository.putManifest(large, 'large'), 201);
      expectContent(await repository.getManifest('large'), large);
    }
    const longer = fill(MAX_MANIFEST_BYTES - bare.bytes.length + 1);
    expectStatus(await repository.putManifest(longer, 'longer'), 413);
    expectStatus(await repository.getManifest('longer'), 404);
    expectStatus(await repository.putManifest(manifestOf(OCI_INDEX, { manifests: [] })), 201);
    expectStatus(await repository.headManifest(manifest.digest), 200);
  });
});

/** Descriptors of the program; 0 where the system does not tell. */
function countFiles({ process: { pid } }: Started): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}

/** Sends what is missing, by the range that an answer says is there, and closes the upload. */
function goOn(repository: Repository, blob: Content, answer: Answer): Promise<Answer> {
  const held = Number(headerOf(answer, 'Range').split('-')[1]) + 1;
  // An upload that holds nothing says `0-0`, as one does that holds a byte.
  const body = blob.bytes.subarray(held === 1 ? 0 : held);
  return repository.close(locationOf(answer), blob.digest, { body });
}

async function hangUpDuringGet({ client, name }: Repository, digest: string): Promise<void> {
  const url = new URL(`/v2/${name}/blobs/${digest}`, client.url);
  const outgoing = request(url, { headers: await client.headersFor(url) }).end();
  await new Promise<void>((resolve) => {
    outgoing.once('response', (response) => {
      response.once('data', () => outgoing.destroy());
      response.once('error', () => resolve());
      response.once('close', resolve);
    });
  });
}
