/** What every maker of `ChangeLog` keeps. */
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Change } from '../../../src/storage/change-log.ts';
import type { ManifestRecord } from '../../../src/storage/metadata.ts';
import { blobOf, imageOf, indexOf, repositoryNamed, tagNamed } from '../../support/content.ts';
import type { FactPorts, OpenFacts } from '../../support/facts.ts';

const repository = repositoryNamed('acme/app');
const [v1, v2] = [tagNamed('v1'), tagNamed('v2')];

const rejectionOf = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );

const putAt =
  ({ metadata }: FactPorts) =>
  (manifest: ManifestRecord, ...tags: (typeof v1)[]) =>
    metadata.recordManifest({ repository, manifest, tags, mayOverwrite: true, actor: 'amy' });

/** What a page of changes leaves behind: tags, what lacks, and what garbage collection looks at. */
async function describeFacts({ metadata, replicas, garbageReviews }: FactPorts) {
  const { manifests, completeManifests: complete } = await replicas.readCounts();
  const page = { before: new Date(Date.now() + 10_000), limit: 99 };
  return {
    [v1]: await metadata.findTag(repository, v1),
    [v2]: await metadata.findTag(repository, v2),
    manifests,
    complete,
    reviews: (await garbageReviews.listDue('manifest', page)).map(({ digest }) => digest).sort(),
  };
}

export function describeChangeLogContract(name: string, open: OpenFacts): void {
  describe(`ChangeLog in ${name}`, () => {
    let primary: FactPorts;
    let secondary: FactPorts;

    beforeEach(async () => {
      [primary, secondary] = await Promise.all([open(), open()]);
      await secondary.become('secondary');
    });
    afterEach(() => Promise.all([primary.close(), secondary.close()]));

    const link = (word: string) =>
      primary.metadata.linkBlob({ repository, digest: blobOf(word), sizeBytes: 3, actor: 'amy' });
    const push = async (word: string, ...tags: (typeof v1)[]) => {
      await link(word);
      const manifest = imageOf(word);
      const put = { repository, manifest, tags, mayOverwrite: true, actor: 'amy' };
      await primary.metadata.recordManifest(put);
      return manifest.digest;
    };
    const read = (after = 0, limit = 1000) =>
      primary.changeLog.list({ after, limit, withContent: true });
    const age = async () => (await secondary.changeLog.readHead()).ageMs;

    describe('head and list', () => {
      it('begin with nothing', async () => {
        expect(await primary.changeLog.head()).to.equal(0);
        expect(await read()).to.deep.equal([]);
      });

      it('give each fact its position, epoch and time', async () => {
        const before = Date.now();
        await link('a');
        expect(await primary.changeLog.head()).to.equal(1);
        const [change] = await read();
        expect(change).to.deep.include({ position: 1, epoch: 1 });
        expect(change!.at.getTime()).to.be.within(before - 1000, Date.now() + 1000);
        expect(change!.fact).to.deep.equal({
          kind: 'blob-linked',
          repository,
          digest: blobOf('a'),
          sizeBytes: 3,
          actor: 'amy',
        });
      });

      it('give one page behind a position', async () => {
        for (const word of ['a', 'b', 'c', 'd']) await link(word);
        const page = await read(1, 2);
        expect(page.map(({ position }) => position)).to.deep.equal([2, 3]);
        expect(await read(4)).to.deep.equal([]);
      });

      it('give a head that is never older than the call, however many ask at once', async () => {
        for (let round = 1; round <= 20; round++) {
          const early = Array.from({ length: 10 }, () => primary.changeLog.head());
          await link(`${round}`);
          const heads = await Promise.all(
            Array.from({ length: 10 }, () => primary.changeLog.head()),
          );
          expect(heads).to.deep.equal(heads.map(() => round));
          await Promise.all(early);
        }
      });

      it('give a manifest’s bytes where they are asked for and still there', async () => {
        const digest = await push('a', v1);
        const [, plain] = await primary.changeLog.list({ after: 0, limit: 9 });
        expect(plain!.fact).to.not.have.property('content');
        const [, full] = await read();
        const content = imageOf('a').content.toString('base64');
        expect(full!.fact).to.include({ kind: 'manifest-recorded', digest, content });
        await primary.metadata.deleteManifest(repository, digest, '');
        const [, bare] = await read();
        expect(bare!.fact).to.not.have.property('content');
      });
    });

    describe('watch', () => {
      it('calls soon after a commit, and not after it was stopped', async () => {
        let calls = 0;
        const woken = new EventEmitter();
        const isWoken = once(woken, 'call');
        const stop = primary.changeLog.watch(() => {
          calls += 1;
          woken.emit('call');
        });
        await link('a');
        await isWoken;
        stop();
        const before = calls;
        await link('b');
        expect(calls).to.equal(before);
      });
    });

    describe('apply', () => {
      it('makes the secondary answer as the primary does, at the same positions', async () => {
        const digest = await push('a', v1, v2);
        const other = await push('b', v1);
        await primary.metadata.deleteTag(repository, v2, '');
        await link('gone');
        await primary.metadata.unlinkBlob(repository, blobOf('gone'), '');
        await secondary.changeLog.apply(await read());
        expect(await secondary.changeLog.head()).to.equal(await primary.changeLog.head());
        expect(await secondary.changeLog.list({ after: 0, limit: 99 })).to.deep.equal(
          await primary.changeLog.list({ after: 0, limit: 99 }),
        );
        expect(await secondary.metadata.findTag(repository, v1)).to.equal(other);
        expect(await secondary.metadata.findTag(repository, v2)).to.equal(undefined);
        expect(await secondary.metadata.findManifest(repository, digest)).to.deep.equal(
          await primary.metadata.findManifest(repository, digest),
        );
        expect(await secondary.metadata.findBlob(repository, blobOf('gone'))).to.equal(undefined);
      });

      it('is idempotent, also where pages overlap', async () => {
        await push('a', v1);
        await push('b', v1);
        await secondary.changeLog.apply(await read(0, 2));
        await secondary.changeLog.apply(await read(0, 2));
        await secondary.changeLog.apply(await read(1));
        expect(await secondary.changeLog.head()).to.equal(4);
        await secondary.changeLog.apply([]);
        expect(await secondary.metadata.findTag(repository, v1)).to.equal(imageOf('b').digest);
      });

      it('refuses a gap, before it and inside, and writes nothing', async () => {
        for (const word of ['a', 'b', 'c']) await link(word);
        const [one, two, three] = await read();
        for (const page of [[two!], [one!, three!]]) {
          expect(await rejectionOf(secondary.changeLog.apply(page))).to.be.instanceOf(Error);
        }
        expect(await secondary.changeLog.head()).to.equal(0);
        expect(await secondary.metadata.findBlob(repository, blobOf('a'))).to.equal(undefined);
      });

      it('takes the epoch of what it applies', async () => {
        await link('a');
        const [change] = await read();
        await secondary.changeLog.apply([{ ...change!, epoch: 7 } satisfies Change]);
        await secondary.become('primary');
        await secondary.metadata.linkBlob({
          repository,
          digest: blobOf('b'),
          sizeBytes: 1,
          actor: '',
        });
        const changes = await secondary.changeLog.list({ after: 0, limit: 9 });
        expect(changes.map(({ position, epoch }) => [position, epoch])).to.deep.equal([
          [1, 7],
          [2, 7],
        ]);
      });

      it('leaves a tag on nothing where its manifest was deleted since', async () => {
        await push('a', v1);
        await secondary.changeLog.apply(await read());
        const digest = await push('b', v1);
        await primary.metadata.deleteManifest(repository, digest, '');
        const late = await read(2);
        await secondary.changeLog.apply(late.slice(0, 2));
        expect(await secondary.metadata.findTag(repository, v1)).to.equal(undefined);
        await secondary.changeLog.apply(late);
        expect(await secondary.metadata.findTag(repository, v1)).to.equal(undefined);
        expect(await secondary.changeLog.head()).to.equal(5);
      });

      it('does at once what it does one by one, whatever comes back or moves twice', async () => {
        const [apart, put] = [await open(), putAt(primary)];
        await apart.become('secondary');
        const [a, b] = [await push('a', v1, v2), await push('b', v1)];
        await primary.metadata.deleteTag(repository, v2, '');
        await push('a', v2);
        await primary.metadata.deleteManifest(repository, b, '');
        await push('b', v1);
        await primary.metadata.deleteManifest(repository, a, '');
        await push('c', v1);
        await push('a', v1);
        await put(indexOf([imageOf('c').digest, a]), v2);
        await primary.metadata.deleteManifest(repository, imageOf('c').digest, '');
        const changes = await read();
        for (const blob of ['a', 'b', 'c'].map(blobOf)) {
          await apart.replicas.recordVerified(blob, new Date(1));
          await secondary.replicas.recordVerified(blob, new Date(1));
        }
        for (const change of changes) await apart.changeLog.apply([change]);
        await secondary.changeLog.apply(changes);
        expect(await describeFacts(secondary)).to.deep.equal(await describeFacts(apart));
        expect(await describeFacts(secondary)).to.include({ [v1]: a, manifests: 3, complete: 2 });
        await apart.close();
      });

      it('calls those who watch', async () => {
        await link('a');
        const woken = new Promise<void>((resolve) => {
          const stop = secondary.changeLog.watch(() => {
            stop();
            resolve();
          });
        });
        await secondary.changeLog.apply(await read());
        await woken;
      });

      it('is refused by a primary', async () => {
        await link('a');
        await secondary.become('primary');
        expect(await rejectionOf(secondary.changeLog.apply(await read()))).to.be.instanceOf(Error);
        expect(await secondary.changeLog.head()).to.equal(0);
      });
    });

    describe('the older end', () => {
      it('is at nothing until it is trimmed, and keeps the newest change always', async () => {
        for (const word of ['a', 'b', 'c', 'd']) await link(word);
        const { changeLog } = primary;
        expect(await changeLog.tail()).to.equal(0);
        expect([await changeLog.trim(2), await changeLog.trim(2)]).to.deep.equal([2, 0]);
        expect(await changeLog.tail()).to.equal(2);
        expect((await read(2)).map(({ position }) => position)).to.deep.equal([3, 4]);
        expect(await changeLog.trim(99)).to.equal(1);
        expect([await changeLog.tail(), await changeLog.head()]).to.deep.equal([3, 4]);
        expect(await primary.metadata.findBlob(repository, blobOf('a'))).to.not.equal(undefined);
        await link('e');
        expect((await read(3)).map(({ position }) => position)).to.deep.equal([4, 5]);
      });

      it('says how far the log was at a time', async () => {
        const { changeLog } = primary;
        expect(await changeLog.positionAt(new Date())).to.equal(0);
        for (const word of ['a', 'b', 'c']) {
          await link(word);
          await sleep(5);
        }
        const [, second] = await read();
        expect(await changeLog.positionAt(new Date(0))).to.equal(0);
        expect(await changeLog.positionAt(new Date(second!.at.getTime() - 1))).to.equal(1);
        expect(await changeLog.positionAt(new Date(Date.now() + 9000))).to.equal(3);
        await changeLog.trim(2);
        expect(await changeLog.positionAt(new Date(0))).to.equal(2);
      });
    });

    describe('the watermark', () => {
      it('is 0 at a primary, and unknown at a secondary that heard nothing', async () => {
        await link('a');
        expect(await primary.changeLog.readHead()).to.deep.equal({ position: 1, ageMs: 0 });
        expect(await secondary.changeLog.readHead()).to.deep.equal({ position: 0 });
      });

      it('comes with the changes or alone, ages by itself, and never goes back', async () => {
        await link('a');
        await secondary.changeLog.apply(await read(), { position: 1, ageMs: 1000 });
        expect(await age()).to.be.within(1000, 1900);
        await secondary.changeLog.recordProof({ position: 1, ageMs: 0 });
        expect(await age()).to.be.lessThan(900);
        await secondary.changeLog.recordProof({ position: 1, ageMs: 5000 });
        const before = (await age())!;
        expect(before).to.be.lessThan(900);
        await sleep(30);
        expect(await age()).to.be.at.least(before + 25);
      });

      it('is not taken for a position that is not here', async () => {
        await secondary.changeLog.recordProof({ position: 1, ageMs: 0 });
        expect(await age()).to.equal(undefined);
        await secondary.changeLog.apply([], { position: 1, ageMs: 0 });
        expect(await age()).to.equal(undefined);
      });
    });

    describe('restartAt', () => {
      it('lets the log begin behind a position, and wakes those who watch', async () => {
        for (const word of ['a', 'b', 'c', 'd']) await link(word);
        await secondary.changeLog.apply(await read(0, 1));
        const woken = new Promise<void>((resolve) => {
          const stop = secondary.changeLog.watch(() => {
            stop();
            resolve();
          });
        });
        await secondary.changeLog.restartAt(3, 2);
        await woken;
        const { changeLog } = secondary;
        expect([await changeLog.tail(), await changeLog.head()]).to.deep.equal([3, 3]);
        expect(await changeLog.list({ after: 1, limit: 9 })).to.deep.equal([]);
        await changeLog.apply(await read(2));
        const changes = await changeLog.list({ after: 1, limit: 9 });
        expect(changes.map(({ position }) => position)).to.deep.equal([4]);
      });

      it('never goes back behind what another process applied', async () => {
        for (const word of ['a', 'b', 'c']) await link(word);
        await secondary.changeLog.apply(await read(0));
        const attempt = secondary.changeLog.restartAt(2, 1);
        expect(await rejectionOf(attempt)).to.be.instanceOf(Error);
        expect(await secondary.changeLog.head()).to.equal(3);
      });

      it('is refused by a primary', async () => {
        const attempt = primary.changeLog.restartAt(3, 2);
        expect(await rejectionOf(attempt)).to.be.instanceOf(Error);
        expect(await primary.changeLog.head()).to.equal(0);
      });
    });
  });
}
