import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { systemClock } from '../../../src/clock.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { MemoryRemotes } from '../../../src/storage/memory/virtual/remotes.ts';
import { openTestDatabase } from '../../support/database.ts';
import { openPortsOver } from '../../support/ports.ts';
import {
  APP,
  call,
  HandClock,
  imageWith,
  openStand,
  putImage,
  ref,
  type Stand,
  upstreamNamed,
} from './stand.ts';

describe('virtual registries in several processes of a site', () => {
  const layer = randomBytes(400_000);
  const image = imageWith('app', [layer]);
  let stands: Stand[];
  let remotes: MemoryRemotes;
  let clock: HandClock;
  let close: () => Promise<void>;

  beforeEach(async () => {
    const home = await openTestDatabase();
    const folder = await mkdtemp(join(tmpdir(), 'meridian-virtual-'));
    remotes = new MemoryRemotes();
    clock = new HandClock();
    // Others are waited for: polling without a pause would starve them.
    clock.sleep = (milliseconds, signal) => systemClock.sleep(milliseconds, signal);
    const opened = await Promise.all([1, 2].map(() => openPortsOver({ url: home.url, folder })));
    stands = await Promise.all(opened.map((ports) => openStand({ ports, remotes, clock })));
    await stands[0]!.set([upstreamNamed('a')]);
    close = async () => {
      await Promise.all(stands.map((stand) => stand.virtual.close()));
      await Promise.all(opened.map((ports) => ports.close()));
      await home.drop();
      await rm(folder, { recursive: true, force: true });
    };
  });

  afterEach(() => close());

  async function pullAt({ virtual }: Stand): Promise<void> {
    const { found } = await virtual.getManifest(call(), ref('latest'));
    expect(found.digest).to.equal(image.digest);
    for (const bytes of image.blobs) {
      const blob = await virtual.getBlob(call(), digestOf(bytes));
      const body = await buffer(await virtual.openBlob(call(), blob));
      expect(body.equals(bytes)).to.equal(true);
    }
  }

  it('A37 ask the upstream once for everything', async () => {
    const remote = remotes.open({ name: 'a' });
    putImage(remote, image);
    await Promise.all(stands.flatMap((stand) => Array.from({ length: 20 }, () => pullAt(stand))));
    const wanted = ['get latest', ...image.blobs.map((bytes) => `blob ${digestOf(bytes)} 0`)];
    expect(remote.asked.sort()).to.deep.equal(wanted.sort());
  });

  it('V3 ask once whether a stale tag is so still', async () => {
    const remote = remotes.open({ name: 'a' });
    putImage(remote, image);
    await Promise.all(stands.map(pullAt));
    clock.advance({ hours: 25 });
    const readings = await Promise.all(
      stands.map(({ virtual }) => virtual.getManifest(call(), ref('latest'))),
    );
    expect(readings.map(({ source }) => source)).to.deep.equal(['hit', 'hit']);
    expect(remote.asked.filter((question) => question.startsWith('head'))).to.have.lengthOf(1);
  });

  it('V13 forget in one what is purged in another', async () => {
    const [one, other] = stands;
    putImage(remotes.open({ name: 'a' }), image);
    await Promise.all(stands.map(pullAt));
    await one!.ports.virtualRegistries.purge({ upstream: 'a', image: APP });
    const { source } = await other!.virtual.getManifest(call(), ref(image.digest));
    expect(source).to.equal('miss');
  });
});
