import { Readable } from 'node:stream';
import { expect } from 'chai';
import type { Clock } from '../../../src/clock.ts';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { systemRandomness as randomness } from '../../../src/randomness.ts';
import {
  type BlobRoots,
  GarbageCollection,
  type GarbageOptions,
} from '../../../src/registry/garbage/garbage.ts';
import { StorageUnavailable } from '../../../src/storage/failure.ts';
import { MemoryBlobStore } from '../../../src/storage/memory/blob-store.ts';
import { MemoryFacts } from '../../../src/storage/memory/facts.ts';
import { MemoryGarbageBin } from '../../../src/storage/memory/garbage/bin.ts';
import { MemoryGarbageReviews } from '../../../src/storage/memory/garbage/reviews.ts';
import { MemoryMetadata } from '../../../src/storage/memory/metadata.ts';
import { MemorySites } from '../../../src/storage/memory/sites.ts';
import { failing } from '../../faults/failing-port.ts';
import { imageOf, indexOf, patternOf, repositoryNamed, tagNamed } from '../../support/content.ts';

const app = repositoryNamed('acme/app');
const HOUR_MS = 3_600_000;
const DELAY_MS = 24 * HOUR_MS;
const WINDOW_MS = 12 * HOUR_MS;

describe('the collection of garbage', () => {
  let now: number;
  let facts: MemoryFacts;
  let metadata: MemoryMetadata;
  let blobStore: MemoryBlobStore;
  let options: GarbageOptions;

  const clock: Clock = {
    now: () => new Date(now),
    elapsedMs: () => now,
    sleep: async (milliseconds) => void (now += milliseconds),
  };

  beforeEach(() => {
    now = Date.parse('2030-01-01T00:00:00.000Z');
    facts = new MemoryFacts({ clock });
    metadata = new MemoryMetadata(facts);
    blobStore = new MemoryBlobStore({ clock });
    const garbageBin = new MemoryGarbageBin();
    options = {
      garbageReviews: new MemoryGarbageReviews(facts, garbageBin),
      garbageBin,
      metadata,
      blobStore,
      sites: new MemorySites(facts),
      clock,
      randomness,
    };
  });

  const open = (more: Partial<GarbageOptions> = {}, untagged: readonly string[] = []) =>
    new GarbageCollection(
      { ...options, ...more },
      { delayMs: DELAY_MS, windowMs: WINDOW_MS, untagged: untagged.map(patternOf) },
    );
  const hold = async (bytes: string): Promise<Digest> => {
    const digest = digestOf(bytes);
    await blobStore.append('a', { offset: 0, content: Readable.from([Buffer.from(bytes)]) });
    await blobStore.commit('a', digest);
    return digest;
  };
  const link = async (word: string, repository = app) => {
    const digest = await hold(`blob ${word}`);
    await metadata.linkBlob({ repository, digest, sizeBytes: 6, actor: '' });
    return digest;
  };
  const push = async (word: string, ...tags: string[]) => {
    await link(word);
    const manifest = imageOf(word);
    const put = { repository: app, manifest, tags: tags.map(tagNamed), mayOverwrite: true };
    await metadata.recordManifest({ ...put, actor: '' });
    return manifest.digest;
  };

  const expectKept = async (reason: string, more: Partial<GarbageOptions> = {}) => {
    now += DELAY_MS + 1;
    const report = await open(more, ['**']).run();
    expect(report).to.deep.include({ manifests: 0, links: 0, blobs: 0 });
    expect(report.doubts[0]).to.deep.include({ repository: app, reason });
    expect(facts.repositories.get(app)!.blobs.size).to.equal(2);
  };

  it('waits for the delay before it unlinks, and for the window before bytes go', async () => {
    const garbage = open();
    const digest = await link('a');
    now += DELAY_MS;
    expect((await garbage.run()).links).to.equal(0);
    now += 1;
    expect((await garbage.run()).links).to.equal(1);
    expect(await metadata.findBlob(app, digest)).to.equal(undefined);
    now += WINDOW_MS;
    expect((await garbage.run()).blobs).to.equal(0);
    expect(await blobStore.find(digest)).to.not.equal(undefined);
    now += 1;
    expect(await garbage.run()).to.deep.include({ blobs: 1, freedBytes: 6 });
    expect(await blobStore.find(digest)).to.equal(undefined);
  });

  it('can bring back until the window is over, and then no more', async () => {
    const garbage = open();
    const digest = await link('a');
    now += DELAY_MS + 1;
    await garbage.run();
    now += WINDOW_MS;
    await garbage.run();
    expect(await garbage.bringBack({}, 'amy')).to.deep.include({ links: 1, tooLate: 0 });
    expect(await metadata.findBlob(app, digest)).to.deep.equal({ sizeBytes: 6 });
    now += DELAY_MS + 1;
    await garbage.run();
    now += WINDOW_MS + 1;
    await garbage.run();
    expect((await garbage.readStatus()).kept).to.equal(0);
    expect(await garbage.bringBack({}, 'amy')).to.deep.include({ links: 0 });
  });

  it('brings back a manifest with all that it names, whichever run took that', async () => {
    const settings = { delayMs: 0, windowMs: WINDOW_MS, untagged: [patternOf('acme/**')] };
    const garbage = new GarbageCollection(options, settings);
    const child = await push('a');
    const manifest = indexOf([child]);
    const put = { repository: app, manifest, tags: [], mayOverwrite: false, actor: '' };
    await metadata.recordManifest(put);
    const runs = [];
    for (now += 1; runs.length < 3; now += 1) runs.push((await garbage.run()).id);
    const { manifests, blobs } = facts.repositories.get(app)!;
    expect([manifests.size, blobs.size]).to.deep.equal([0, 0]);
    const back = await garbage.bringBack({ run: runs[0]! }, 'amy');
    expect(back).to.deep.equal({ links: 0, manifests: 1, tooLate: 0 });
    expect([...manifests.keys()]).to.have.members([child, manifest.digest]);
    expect([...blobs.keys()]).to.deep.equal(imageOf('a').blobs);
  });

  it('collects manifests without a tag only where it is told to', async () => {
    const kept = await push('a');
    now += DELAY_MS + 1;
    expect((await open().run()).manifests).to.equal(0);
    now += DELAY_MS + 1;
    expect((await open({}, ['other/**']).run()).manifests).to.equal(0);
    expect(await metadata.findManifest(app, kept)).to.not.equal(undefined);
    now += DELAY_MS + 1;
    expect((await open({}, ['acme/*']).run()).manifests).to.equal(1);
  });

  it('only looks where this site is not the primary, and takes the bytes alone', async () => {
    const unused = await link('unused');
    const gone = await link('gone');
    await metadata.unlinkBlob(app, gone, '');
    facts.role = 'secondary';
    now += DELAY_MS + WINDOW_MS;
    const report = await open({}, ['**']).run();
    expect(report).to.deep.include({ manifests: 0, links: 0, blobs: 1, doubts: [] });
    expect(await blobStore.find(unused)).to.not.equal(undefined);
    expect(await blobStore.find(gone)).to.equal(undefined);
    facts.role = 'primary';
    now += DELAY_MS + 1;
    expect((await open().run()).links).to.equal(1);
  });

  describe('keeps in doubt (A43)', () => {
    const DOUBTED = ['unreadable-manifest', 'missing-child'] as const;

    beforeEach(async () => {
      await push('a', 'v1');
      await link('unused');
    });

    it('where a manifest cannot be read', async () => {
      const image = imageOf('a');
      const { manifests } = facts.repositories.get(app)!;
      manifests.set(image.digest, { ...image, content: image.content.subarray(0, 99), blobs: [] });
      await expectKept(DOUBTED[0]);
    });

    it('where an index names what is not there, until it is gone', async () => {
      const child = await push('a');
      const manifest = indexOf([child]);
      const put = { repository: app, manifest, tags: [], mayOverwrite: true, actor: '' };
      await metadata.recordManifest({ ...put, tags: [tagNamed('multi')] });
      await metadata.deleteManifest(app, child, '');
      await expectKept(DOUBTED[1]);
      await metadata.deleteManifest(app, manifest.digest, '');
      now += DELAY_MS + 1;
      expect((await open().run()).links).to.equal(2);
    });

    it('where the tables and the bytes of a manifest disagree', async () => {
      const image = imageOf('a');
      const { manifests } = facts.repositories.get(app)!;
      manifests.set(image.digest, { ...image, blobs: [] });
      now += DELAY_MS + 1;
      expect((await open().run()).links).to.equal(1);
      expect(facts.repositories.get(app)!.blobs.has(image.blobs[0]!)).to.equal(true);
    });

    it('whichever call of a database or a store fails, and goes on when it is back', async () => {
      const used = imageOf('a').blobs[0]!;
      const seen = new Set<string>();
      for (const name of ['garbageReviews', 'garbageBin', 'blobStore'] as const) {
        const weak = failing<object>(options[name]);
        for (let nth = 1, isReached = true; isReached; nth += 1) {
          const lost = await link(`lost ${name} ${nth}`);
          await metadata.unlinkBlob(app, lost, '');
          now += DELAY_MS + 1;
          weak.arm(nth, new StorageUnavailable('it is away'));
          await open({ [name]: weak.port })
            .run()
            .catch(() => undefined);
          isReached = weak.failed !== undefined;
          seen.add(weak.failed ?? '');
          expect(await metadata.findBlob(app, used)).to.not.equal(undefined);
          expect(await blobStore.find(used)).to.not.equal(undefined);
        }
      }
      expect([...seen]).to.include.members(['sift', 'listContents', 'claimBlobs', 'delete']);
      now += DELAY_MS + 1;
      await open().run();
      expect(facts.repositories.get(app)!.blobs.size).to.equal(1);
      expect(await blobStore.list({ limit: 99 })).to.deep.equal([used]);
    });
  });

  it('keeps bytes that something besides a link names, for as long as it does', async () => {
    const digest = await hold('cached');
    const named = new Set<Digest>([digest]);
    const roots: BlobRoots[] = [{ isNamed: async (one) => named.has(one) }];
    const garbage = open({ roots });
    await garbage.sweep();
    for (let rounds = 0; rounds < 2; rounds += 1) {
      now += WINDOW_MS + 1;
      expect((await garbage.run()).blobs).to.equal(0);
      expect(await blobStore.find(digest)).to.not.equal(undefined);
    }
    named.clear();
    now += WINDOW_MS + 1;
    expect((await garbage.run()).blobs).to.equal(1);
    expect(await blobStore.find(digest)).to.equal(undefined);
  });

  it('deletes nothing more once another process may have taken over', async () => {
    const digest = await link('a');
    await metadata.unlinkBlob(app, digest, '');
    now += WINDOW_MS + 1;
    const slow = { isNamed: async () => (now += 61_000) < 0 };
    const report = await open({ roots: [slow] }).run();
    expect(report.blobs).to.equal(0);
    expect(report.doubts[0]!.reason).to.equal('failure');
    expect(await blobStore.find(digest)).to.not.equal(undefined);
  });
});
