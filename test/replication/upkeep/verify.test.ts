import { Readable } from 'node:stream';
import { expect } from 'chai';
import { type VerifyOptions, verifyOlder } from '../../../replication/upkeep/verify.ts';
import type { Clock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { repositoryNamed } from '../../support/content.ts';
import { openMemoryPorts, type TestPorts } from '../../support/ports.ts';

const log = createLog('silent');
const signal = new AbortController().signal;
const repository = repositoryNamed('acme/app');
const LONG_AGO = new Date('2026-01-01T00:00:00Z');
const NOW = new Date('2026-03-01T00:00:00Z');

/** The digest of what the blob should be, and another one of what lies there. */
interface Lying {
  readonly digest: Digest;
  readonly content: Buffer;
}

describe('verify', () => {
  let ports: TestPorts;
  let slept: number[];
  let clock: Clock;

  beforeEach(async () => {
    ports = await openMemoryPorts();
    slept = [];
    clock = {
      now: () => NOW,
      elapsedMs: () => 0,
      sleep: async (milliseconds) => void slept.push(milliseconds),
    };
  });

  /** Blobs that this site says it holds; the store has what it is told to have. */
  const hold = async (word: string, verifiedAt = LONG_AGO): Promise<Lying> => {
    const content = Buffer.from(word);
    const digest = digestOf(content);
    await ports.metadata.linkBlob({ repository, digest, sizeBytes: content.length, actor: '' });
    await ports.replicas.recordVerified(digest, verifiedAt);
    await ports.blobStore.append(word, { offset: 0, content: Readable.from([content]) });
    await ports.blobStore.commit(word, digest);
    return { digest, content };
  };
  const run = (options: Partial<VerifyOptions> & { maxBytes?: number } = {}) =>
    verifyOlder(NOW, { ...ports, canHeal: true, clock, log, ...options }, signal);
  /** A store in which these blobs have other bytes than they should. */
  const damage = (...digests: Digest[]): VerifyOptions['blobStore'] => ({
    open: async (digest) =>
      digests.includes(digest) ? Readable.from([Buffer.from('?')]) : ports.blobStore.open(digest),
    delete: (digest) => ports.blobStore.delete(digest),
  });

  it('reads all that was not read since then, and notes that it is right', async () => {
    const [old, fresh] = [await hold('old'), await hold('fresh', NOW)];
    const report = await run();
    expect(report).to.deep.equal({ blobs: 1, bytes: 3, damaged: [], unreadable: [] });
    for (const { digest } of [old, fresh]) {
      expect(await ports.replicas.findVerified(digest)).to.deep.equal(NOW);
    }
  });

  it('takes away a blob that is wrong or gone and wants it anew, and no other', async () => {
    const [right, wrong, gone] = [await hold('right'), await hold('wrong'), await hold('gone')];
    await ports.blobStore.delete(gone.digest);
    const { damaged } = await run({ blobStore: damage(wrong.digest) });
    expect([...damaged].sort()).to.deep.equal([wrong.digest, gone.digest].sort());
    for (const { digest, content } of [wrong, gone]) {
      expect(await ports.replicas.findVerified(digest)).to.equal(undefined);
      expect(await ports.blobStore.find(digest)).to.equal(undefined);
      expect(await ports.ledger.find(digest)).to.include({
        lane: 'fresh',
        repository,
        sizeBytes: content.length,
      });
    }
    expect(await ports.blobStore.find(right.digest)).to.not.equal(undefined);
    expect(await ports.ledger.find(right.digest)).to.equal(undefined);
  });

  it('deletes nothing at a primary, which nobody could give it back to', async () => {
    const [wrong, right] = [await hold('wrong'), await hold('right')];
    const blobStore = damage(wrong.digest);
    const { damaged, blobs } = await run({ blobStore, canHeal: false });
    expect(damaged).to.deep.equal([wrong.digest]);
    expect(blobs).to.equal(2);
    expect(await ports.blobStore.find(wrong.digest)).to.not.equal(undefined);
    expect(await ports.ledger.find(wrong.digest)).to.equal(undefined);
    expect(await ports.replicas.findVerified(right.digest)).to.deep.equal(NOW);
  });

  it('takes a store that cannot be read for no damage', async () => {
    const { digest } = await hold('away');
    const { delete: remove } = damage();
    const open = failToOpen;
    const { unreadable, damaged } = await run({ blobStore: { open, delete: remove } });
    expect({ unreadable, damaged }).to.deep.equal({ unreadable: [digest], damaged: [] });
    expect(await ports.blobStore.find(digest)).to.not.equal(undefined);
    expect(await ports.replicas.findVerified(digest)).to.deep.equal(LONG_AGO);
  });

  it('ends when the bytes of the night are over, and goes on the next night', async () => {
    for (const word of ['one', 'two', 'three']) await hold(word);
    expect((await run({ maxBytes: 1 })).blobs).to.equal(1);
    expect((await run({ maxBytes: 100 })).blobs).to.equal(2);
    expect((await run()).blobs).to.equal(0);
  });

  it('finds each of 200 damaged among 1,000, and invents none', async () => {
    const all: Digest[] = [];
    for (let n = 0; n < 1000; n++) all.push((await hold(`blob ${n}`)).digest);
    const wrong = all.filter((_, n) => n % 5 === 0);
    const { damaged, blobs } = await run({ blobStore: damage(...wrong) });
    expect(blobs).to.equal(1000);
    expect([...damaged].sort()).to.deep.equal([...wrong].sort());
  });

  it('rests after each stretch, so that clients have the disk as well', async () => {
    const { digest } = await hold('large');
    const stretch = Buffer.alloc(16 * 1024 * 1024);
    const open = async () => Readable.from([stretch, stretch, stretch]);
    const { delete: remove } = damage();
    const { damaged } = await run({ blobStore: { open, delete: remove } });
    expect(slept).to.have.lengthOf(3);
    expect(damaged).to.deep.equal([digest]);
  });
});

function failToOpen(): Promise<never> {
  return Promise.reject(new Error('the disk is away'));
}
