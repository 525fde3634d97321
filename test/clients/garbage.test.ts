/** A real client pushes and deletes while garbage is collected without a pause. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { GarbageRun } from '../../src/storage/garbage-bin.ts';
import { type ImageSpec, type Layout, writeLayout } from '../support/images/image.ts';
import { requireProgram, run } from '../support/programs/commands.ts';
import { ADMIN, type Started, startProgram } from '../support/programs/program.ts';
import type { Session } from './client.ts';
import { skopeo } from './drivers/skopeo.ts';
import { expectFiles } from './matrix.ts';

const LANES = 3;
const ROUNDS = 4;
const IMAGE: ImageSpec = {
  architecture: 'amd64',
  layers: [{ 'etc/release': 100 }, { 'data/one.bin': 50_000 }],
};

/** Shorter than a slow push takes, so that some of them have to be sent again. */
const SETTINGS = {
  MERIDIAN_ADMIN_PASSWORD: ADMIN.password,
  MERIDIAN_GARBAGE_DELAY: '1s',
  MERIDIAN_GARBAGE_WINDOW: '0s',
  MERIDIAN_GARBAGE_UNTAGGED: 'true',
};

describe('skopeo while garbage is collected', function () {
  this.timeout(240_000);
  let folder: string;
  let program: Started;
  let session: Session;
  let layouts: Layout[];

  before(async function () {
    requireProgram('skopeo', this);
    folder = await mkdtemp(join(tmpdir(), `meridian-garbage-${randomUUID()}-`));
    program = await startProgram({ env: SETTINGS });
    session = await skopeo.open(folder, { host: program.url.host, ...ADMIN });
    const write = (name: string) => writeLayout(folder, name, [IMAGE]);
    const names = Array.from({ length: LANES * ROUNDS - 2 }, (_, n) => `image-${n}`);
    layouts = await Promise.all(names.map(write));
  });
  after(async () => {
    await session?.close();
    await program?.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const collect = async (): Promise<GarbageRun> => {
    const words = Buffer.from(`${ADMIN.user}:${ADMIN.password}`).toString('base64');
    const answer = await fetch(new URL('/api/v1/garbage/run', program.url), {
      method: 'POST',
      body: '{}',
      headers: { authorization: `Basic ${words}`, 'content-type': 'application/json' },
    });
    expect(answer.status).to.equal(200);
    return (await answer.json()) as GarbageRun;
  };
  const pushPatiently = async (layout: Layout, repository: string) => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await session.push(layout, repository);
      } catch (error) {
        // What was collected between two steps of the push has to be sent again, and nothing else.
        expect(String(error)).to.match(/blob|manifest|503|unavailable/i);
        if (tries === 10) throw error;
      }
    }
  };
  const remove = (repository: string) => {
    const image = `docker://${program.url.host}/${repository}:v1`;
    const authfile = join(folder, 'auth.json');
    return run(['skopeo', 'delete', '--tls-verify=false', '--authfile', authfile, image]);
  };

  it('pulls every tag that is left, whatever was pushed and deleted meanwhile', async () => {
    const collecting = { isOver: false, blobs: 0, doubts: 0 };
    const collector = (async () => {
      while (!collecting.isOver || collecting.blobs === 0) {
        const { blobs, doubts } = await collect();
        collecting.blobs += blobs;
        collecting.doubts += doubts.length;
      }
    })();
    const left = new Map<string, Layout>();
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const repository = `acme/lane-${lane}/${round % 2}`;
        if (left.delete(repository)) await remove(repository);
        const layout = layouts[(lane * ROUNDS + round) % layouts.length]!;
        await pushPatiently(layout, repository);
        left.set(repository, layout);
      }
    });
    await Promise.all(lanes);
    collecting.isOver = true;
    await collector;
    expect(collecting.doubts).to.equal(0);
    expect(collecting.blobs).to.be.greaterThan(0);
    expect(left.size).to.equal(LANES * 2);
    for (const [repository, layout] of left) {
      const pulled = await session.pull(repository);
      expect(pulled.digests).to.deep.equal([layout.digest]);
      expectFiles(pulled, layout);
    }
  });
});
