/** What every maker of `UploadTracker` keeps. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { UploadSession, UploadTracker } from '../../../src/storage/upload-tracker.ts';
import { repositoryNamed } from '../../support/content.ts';

const start = new Date('2026-01-02T03:04:05.678Z');
const after = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const repository = repositoryNamed('acme/app');

const make = (parts: Partial<UploadSession> = {}): UploadSession => ({
  id: randomUUID(),
  repository,
  subject: 'amy',
  algorithm: 'sha256',
  offset: 0,
  startedAt: start,
  expiresAt: after(3600),
  ...parts,
});

interface Wish {
  readonly offset?: number | 'any';
  readonly now?: Date;
}

export interface OpenedTracker {
  readonly tracker: UploadTracker;
  close(): Promise<void>;
}

export function describeUploadTrackerContract(
  name: string,
  open: () => Promise<OpenedTracker>,
): void {
  describe(`UploadTracker in ${name}`, () => {
    let opened: OpenedTracker;
    let tracker: UploadTracker;

    beforeEach(async () => {
      opened = await open();
      tracker = opened.tracker;
    });
    afterEach(() => opened.close());

    const create = async (parts: Partial<UploadSession> = {}): Promise<UploadSession> => {
      const session = make(parts);
      expect(await tracker.create(session)).to.equal(true);
      return session;
    };
    /** A lease of one minute. */
    const lease = (id: string, writer: string, { offset = 'any', now = start }: Wish = {}) =>
      tracker.lease(id, { offset, writer, now, until: new Date(now.getTime() + 60_000) });

    it('finds a session as it was created', async () => {
      const session = await create({ algorithm: 'sha512', offset: 2 ** 40 });
      expect(await tracker.find(session.id)).to.deep.equal(session);
    });

    it('finds no session that was not created or is deleted', async () => {
      const { id } = await create();
      expect(await tracker.find(randomUUID())).to.equal(undefined);
      expect(await tracker.delete(id)).to.equal(true);
      expect(await tracker.delete(id)).to.equal(false);
      expect(await tracker.find(id)).to.equal(undefined);
      expect(await lease(id, 'one')).to.equal(undefined);
      expect(await tracker.renew(id, 'one', after(9))).to.equal(false);
      expect(await tracker.release(id, 'one', 9)).to.equal(false);
    });

    it('takes an id that is no UUID for one that is not there', async () => {
      expect(await tracker.find('../../etc/passwd')).to.equal(undefined);
      expect(await lease('no-uuid', 'one')).to.equal(undefined);
      expect(await tracker.delete('no-uuid')).to.equal(false);
    });

    it('is leased to one writer at a time', async () => {
      const session = await create();
      expect(await lease(session.id, 'one')).to.deep.equal(session);
      expect(await lease(session.id, 'two')).to.equal(undefined);
      expect(await tracker.release(session.id, 'one', 10)).to.equal(true);
      expect(await lease(session.id, 'two')).to.deep.equal({ ...session, offset: 10 });
    });

    it('is leased to exactly one of many who ask at once', async () => {
      const { id } = await create();
      const leases = await Promise.all(
        Array.from({ length: 20 }, (_, n) => lease(id, `writer ${n}`)),
      );
      expect(leases.filter((leased) => leased !== undefined)).to.have.lengthOf(1);
    });

    it('is leased only at the offset where it stands', async () => {
      const { id } = await create({ offset: 5 });
      expect(await lease(id, 'one', { offset: 4 })).to.equal(undefined);
      expect(await lease(id, 'one', { offset: 6 })).to.equal(undefined);
      expect(await lease(id, 'one', { offset: 5 })).to.not.equal(undefined);
    });

    it('passes to another writer when the lease is over, and the first one notices', async () => {
      const { id } = await create();
      await lease(id, 'one');
      expect(await lease(id, 'two', { now: after(59) })).to.equal(undefined);
      expect(await lease(id, 'two', { now: after(60) })).to.not.equal(undefined);
      expect(await tracker.renew(id, 'one', after(500))).to.equal(false);
      expect(await tracker.release(id, 'one', 77)).to.equal(false);
      expect((await tracker.find(id))?.offset).to.equal(0);
    });

    it('stays leased while the lease is renewed', async () => {
      const { id } = await create();
      await lease(id, 'one');
      expect(await tracker.renew(id, 'one', after(300))).to.equal(true);
      expect(await lease(id, 'two', { now: after(299) })).to.equal(undefined);
    });

    it('is not leased once it has expired', async () => {
      const { id } = await create({ expiresAt: after(10) });
      expect(await lease(id, 'one', { now: after(10) })).to.equal(undefined);
    });

    it('lets as many in as the caps allow, of a subject and of a repository', async () => {
      const caps = { perSubject: 3, perRepository: 2 };
      const other = repositoryNamed('acme/other');
      for (const [isBegun, parts] of [
        [true, {}],
        [true, { subject: '' }],
        [false, { subject: 'bob' }],
        [true, { repository: other }],
        [true, { repository: repositoryNamed('acme/third') }],
        [false, { repository: repositoryNamed('acme/fourth') }],
        [true, { repository: other, subject: 'bob' }],
      ] as const) {
        expect(await tracker.create(make(parts), caps), JSON.stringify(parts)).to.equal(isBegun);
      }
      expect(await tracker.listExpired(after(3600), 9)).to.have.length(5);
    });

    it('lets not one too many in of those that begin at once', async () => {
      const caps = { perSubject: 7, perRepository: 9 };
      const begun = await Promise.all(
        Array.from({ length: 20 }, () => tracker.create(make(), caps)),
      );
      expect(begun.filter(Boolean)).to.have.length(7);
    });

    it('lists what has expired, the oldest first', async () => {
      const late = await create({ expiresAt: after(20) });
      const early = await create({ expiresAt: after(10) });
      await create({ expiresAt: after(30) });
      expect(await tracker.listExpired(after(20), 9)).to.deep.equal([early, late]);
      expect(await tracker.listExpired(after(20), 1)).to.deep.equal([early]);
      expect(await tracker.listExpired(after(9), 9)).to.deep.equal([]);
    });
  });
}
