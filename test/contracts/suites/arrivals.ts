/** What every maker of `Arrivals` keeps, together with the completeness of `Replicas`. */
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { Fact } from '../../../src/storage/change-log.ts';
import type { ManifestRecord } from '../../../src/storage/metadata.ts';
import { blobOf, imageOf, indexOf, patternOf, repositoryNamed } from '../../support/content.ts';
import type { FactPorts, OpenFacts } from '../../support/facts.ts';

const at = new Date('2026-01-02T03:04:05.678Z');
const repository = repositoryNamed('acme/app');
const actor = '';

const linkOf = (word: string, into = repository): Fact => {
  return { kind: 'blob-linked', repository: into, digest: blobOf(word), sizeBytes: 5, actor };
};
const recordOf = ({ digest, mediaType, content }: ManifestRecord, into = repository): Fact => {
  const sizeBytes = content.length;
  const bytes = content.toString('base64');
  const what = { repository: into, digest, mediaType, sizeBytes, tags: [], actor };
  return { kind: 'manifest-recorded', ...what, content: bytes };
};
const deletionOf = ({ digest }: ManifestRecord): Fact => {
  return { kind: 'manifest-deleted', repository, digest, actor };
};

export function describeArrivalsContract(name: string, open: OpenFacts): void {
  describe(`Arrivals in ${name}`, () => {
    let ports: FactPorts;

    beforeEach(async () => {
      ports = await open();
      await ports.become('secondary');
    });
    afterEach(() => ports.close());

    const learn = async (...facts: Fact[]) => {
      const head = await ports.changeLog.head();
      const changes = facts.map((fact, index) => ({ position: head + index + 1, fact }));
      await ports.changeLog.apply(changes.map((change) => ({ ...change, epoch: 1, at })));
    };
    const verify = (...words: string[]) =>
      Promise.all(words.map((word) => ports.replicas.recordVerified(blobOf(word), at)));
    const listUntold = async () => {
      const arrivals = await ports.arrivals.listUntold(100);
      return arrivals.map(({ digest }) => digest);
    };

    describe('at a secondary', () => {
      const image = imageOf('a', { layers: [blobOf('b')] });

      it('come to be with the last blob, and once for each repository', async () => {
        const other = repositoryNamed('acme/other');
        await learn(linkOf('a'), linkOf('b'), recordOf(image));
        await learn(linkOf('a', other), linkOf('b', other), recordOf(image, other));
        await verify('a');
        expect(await listUntold()).to.deep.equal([]);
        await verify('b');
        const arrivals = await ports.arrivals.listUntold(9);
        expect(arrivals.map((arrival) => arrival.repository).sort()).to.deep.equal([
          repository,
          other,
        ]);
        expect(arrivals[0]!.at.getTime()).to.be.closeTo(Date.now(), 10_000);
      });

      it('come to be with the manifest whose blobs are all here', async () => {
        await verify('a', 'b');
        await learn(linkOf('a'), linkOf('b'), recordOf(image));
        expect(await listUntold()).to.deep.equal([image.digest]);
      });

      it('come to be for an index with its last child, whichever came first', async () => {
        const child = imageOf('c');
        const index = indexOf([image.digest, child.digest]);
        await learn(linkOf('a'), linkOf('b'), linkOf('c'), recordOf(index), recordOf(image));
        await verify('c', 'a', 'b');
        expect(await listUntold()).to.deep.equal([image.digest]);
        await learn(recordOf(child));
        expect(await listUntold()).to.have.members([image.digest, child.digest, index.digest]);
      });

      it('are told once, also when a blob is lost and brought again', async () => {
        await learn(linkOf('a'), linkOf('b'), recordOf(image));
        await verify('a', 'b');
        const untold = await ports.arrivals.listUntold(9);
        await ports.arrivals.recordTold(untold);
        await ports.arrivals.recordTold(untold);
        expect(await listUntold()).to.deep.equal([]);
        await ports.replicas.recordLost(blobOf('a'));
        await verify('a');
        expect(await listUntold()).to.deep.equal([]);
      });

      it('come to be anew for a manifest that was deleted and pushed again', async () => {
        await verify('a', 'b');
        await learn(linkOf('a'), linkOf('b'), recordOf(image), deletionOf(image));
        expect(await listUntold()).to.deep.equal([]);
        await learn(recordOf(image));
        expect(await listUntold()).to.deep.equal([image.digest]);
      });

      it('are not taken for told by what was told of an earlier one', async () => {
        await verify('a', 'b');
        await learn(linkOf('a'), linkOf('b'), recordOf(image));
        const earlier = await ports.arrivals.listUntold(9);
        await learn(deletionOf(image));
        // They are told apart by the moment, to the millisecond.
        await sleep(2);
        await learn(recordOf(image));
        await ports.arrivals.recordTold(earlier);
        expect(await listUntold()).to.deep.equal([image.digest]);
        await ports.arrivals.recordTold(await ports.arrivals.listUntold(9));
        expect(await listUntold()).to.deep.equal([]);
      });

      it('miss none where manifests are applied while their blobs are verified', async () => {
        const words = Array.from({ length: 60 }, (_, index) => `w${index}`);
        const images = words.map((word) => imageOf(word, { layers: [blobOf('base')] }));
        const apply = async () => {
          await learn(linkOf('base'), ...words.map((word) => linkOf(word)));
          for (const one of images) await learn(recordOf(one));
        };
        const recordAll = async () => {
          for (const word of [...words, 'base']) await verify(word);
        };
        await Promise.all([apply(), recordAll()]);
        const expected = images.map(({ digest }) => digest);
        expect(await listUntold()).to.have.members(expected);
      });

      it('wake who watches', async () => {
        const woken = new EventEmitter();
        const isWoken = once(woken, 'call');
        const stop = ports.arrivals.watch(() => woken.emit('call'));
        await learn(linkOf('a'), linkOf('b'), recordOf(image));
        await verify('a', 'b');
        await isWoken;
        stop();
      });
    });

    describe('at the primary', () => {
      const image = imageOf('a');
      const arrival = { site: 'lisbon', repository, digest: image.digest, at };

      beforeEach(async () => {
        await ports.become('primary');
        await ports.metadata.linkBlob({
          repository,
          digest: blobOf('a'),
          sizeBytes: 5,
          actor,
        });
        const put = { repository, manifest: image, tags: [], mayOverwrite: true, actor };
        await ports.metadata.recordManifest(put);
      });

      it('are kept once for each site, the first time', async () => {
        const oslo = { ...arrival, site: 'oslo' };
        await ports.arrivals.record([oslo, arrival]);
        await ports.arrivals.record([{ ...arrival, at: new Date() }]);
        const found = await ports.arrivals.listSites(repository, image.digest);
        expect(found).to.deep.equal([arrival, oslo]);
      });

      it('are its own nowhere: what is pushed here is whole', async () => {
        expect(await listUntold()).to.deep.equal([]);
      });

      it('are forgotten with the manifest, and not taken for one that is not there', async () => {
        await ports.arrivals.record([arrival]);
        await ports.metadata.deleteManifest(repository, image.digest, actor);
        await ports.arrivals.record([arrival]);
        expect(await ports.arrivals.listSites(repository, image.digest)).to.deep.equal([]);
      });
    });

    describe('Replicas', () => {
      const image = imageOf('a', { layers: [blobOf('b')] });
      const index = indexOf([image.digest]);

      it('list what a manifest and its children lack', async () => {
        expect(await ports.replicas.listLacking(repository, index.digest)).to.equal(undefined);
        await learn(linkOf('a'), linkOf('b'), recordOf(image), recordOf(index));
        await verify('a');
        const lacking = [{ digest: blobOf('b'), sizeBytes: 5 }];
        expect(await ports.replicas.listLacking(repository, index.digest)).to.deep.equal(lacking);
        await verify('b');
        expect(await ports.replicas.listLacking(repository, index.digest)).to.deep.equal([]);
      });

      it('count what there is and what is whole, through every change', async () => {
        const read = () => ports.replicas.readCounts();
        await learn(linkOf('a'), linkOf('b'), recordOf(image), recordOf(index));
        const all = { manifests: 2, blobs: 2, blobBytes: 10 };
        const none = { completeManifests: 0, verifiedBlobs: 0, verifiedBytes: 0 };
        expect(await read()).to.deep.equal({ ...all, ...none });
        await verify('a', 'b');
        const whole = { completeManifests: 2, verifiedBlobs: 2, verifiedBytes: 10 };
        expect(await read()).to.deep.equal({ ...all, ...whole });
        await ports.replicas.recordLost(blobOf('a'));
        const half = { completeManifests: 0, verifiedBlobs: 1, verifiedBytes: 5 };
        expect(await read()).to.deep.equal({ ...all, ...half });
        const unlink = { kind: 'blob-unlinked', repository, digest: blobOf('a'), actor } as const;
        await learn(deletionOf(index), deletionOf(image), unlink);
        const left = { manifests: 0, blobs: 1, blobBytes: 5, completeManifests: 0 };
        expect(await read()).to.deep.equal({ ...left, verifiedBlobs: 1, verifiedBytes: 5 });
      });

      it('count right over many rows, by several readers', async () => {
        const words = Array.from({ length: 150 }, (_, number) => `n${number}`);
        await learn(...words.map((word) => linkOf(word)));
        for (const word of words) await verify(word);
        await Promise.all(Array.from({ length: 4 }, () => ports.replicas.readCounts()));
        const { blobs, verifiedBlobs } = await ports.replicas.readCounts();
        expect([blobs, verifiedBlobs]).to.deep.equal([150, 150]);
      });

      it('want only what the selection covers, under a name of it', async () => {
        const far = repositoryNamed('zed/team.x');
        await learn(linkOf('a'), linkOf('a', far), linkOf('b'));
        const selection = [patternOf('zed/**'), patternOf('team')];
        const wanted = await ports.replicas.listWanted({ limit: 9, selection });
        expect(wanted).to.have.length(1);
        expect(wanted[0]).to.include({ digest: blobOf('a'), repository: far });
        expect(await ports.replicas.listWanted({ limit: 9, selection: [] })).to.deep.equal([]);
      });

      it('list what was verified longest ago', async () => {
        await learn(linkOf('a'), linkOf('b'), linkOf('c'));
        await ports.replicas.recordVerified(blobOf('b'), new Date(1000));
        await ports.replicas.recordVerified(blobOf('a'), new Date(2000));
        await ports.replicas.recordVerified(blobOf('c'), new Date(3000));
        const old = await ports.replicas.listVerifiedBefore(new Date(3000), 9);
        expect(old).to.deep.equal([blobOf('b'), blobOf('a')]);
        expect(await ports.replicas.listVerifiedBefore(new Date(3000), 1)).to.have.length(1);
      });
    });
  });
}
