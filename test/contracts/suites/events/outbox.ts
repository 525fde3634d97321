/** What every maker of `Webhooks` and of `Outbox` keeps, with what `Arrivals` puts in. */
import { EventEmitter, once } from 'node:events';
import { expect } from 'chai';
import type { Digest } from '../../../../src/oci/digest.ts';
import { type EventFilter, siteOf } from '../../../../src/oci/events/event.ts';
import type { RepositoryName } from '../../../../src/oci/reference.ts';
import type { Delivery } from '../../../../src/storage/events/outbox.ts';
import type { Webhook } from '../../../../src/storage/events/webhooks.ts';
import { blobOf, imageOf, patternOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import type { OpenPorts, TestPorts } from '../../../support/ports.ts';

const at = new Date('2026-01-02T03:04:05.678Z');
const repository = repositoryNamed('acme/app');
const minutes = (count: number) => new Date(at.getTime() + count * 60_000);
const failure = { at, reason: 'refused', message: 'answered 500' } as const;

function webhookOf(name: string, wants: Partial<EventFilter> = {}): Webhook {
  const all = { types: ['image.complete' as const], repositories: [patternOf('**')], sites: [] };
  return { name, url: `http://${name}.test`, isEnabled: true, wants: { ...all, ...wants } };
}

const nameOf = ({ event }: Delivery) => `${event.data.digest} at ${siteOf(event)}`;

export function describeOutboxContract(name: string, open: OpenPorts): void {
  describe(`Outbox in ${name}`, () => {
    let ports: TestPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    const push = async (word: string, into = repository, ...tags: string[]): Promise<Digest> => {
      const manifest = imageOf(word);
      const link = { repository: into, digest: blobOf(word), sizeBytes: 5, actor: '' };
      await ports.metadata.linkBlob(link);
      const put = { repository: into, manifest, tags: tags.map(tagNamed), mayOverwrite: true };
      await ports.metadata.recordManifest({ ...put, actor: '' });
      return manifest.digest;
    };
    const arrive = (digest: Digest, site = 'lisbon', into: RepositoryName = repository) =>
      ports.arrivals.record([{ site, repository: into, digest, at }]);
    const listNext = (webhook = 'ci', page = {}) =>
      ports.outbox.listDue(webhook, { at: minutes(1), limit: 9, ...page });
    const list = (webhook = 'ci', page = {}) => ports.outbox.list(webhook, { limit: 9, ...page });

    const told = async (webhook: string) => (await list(webhook)).map(nameOf).toReversed();

    describe('webhooks', () => {
      it('are kept by name, replaced and deleted', async () => {
        const first = webhookOf('ci', { sites: ['lisbon'] });
        await ports.webhooks.record(webhookOf('deploy'));
        await ports.webhooks.record({ ...first, secret: 'whsec_a' });
        expect(await ports.webhooks.find('ci')).to.deep.equal({ ...first, secret: 'whsec_a' });
        await ports.webhooks.record({ ...first, isEnabled: false });
        expect(await ports.webhooks.list()).to.deep.equal([
          { ...first, isEnabled: false },
          webhookOf('deploy'),
        ]);
        expect(await ports.webhooks.delete('ci')).to.equal(true);
        expect(await ports.webhooks.delete('ci')).to.equal(false);
        expect(await ports.webhooks.find('ci')).to.equal(undefined);
      });

      it('take what waits for them along', async () => {
        await ports.webhooks.record(webhookOf('ci'));
        await arrive(await push('a'));
        await ports.webhooks.delete('ci');
        await ports.webhooks.record(webhookOf('ci'));
        expect(await list()).to.deep.equal([]);
      });
    });

    describe('what is put in', () => {
      it('is each arrival once for each webhook, however often it is recorded', async () => {
        await ports.webhooks.record(webhookOf('ci'));
        await ports.webhooks.record(webhookOf('deploy'));
        const digest = await push('a', repository, 'v2', 'v1');
        await arrive(digest);
        await Promise.all([arrive(digest), arrive(digest, 'oslo'), arrive(digest, 'oslo')]);
        for (const webhook of ['ci', 'deploy']) {
          const [oslo, lisbon, ...others] = await list(webhook);
          expect(others).to.deep.equal([]);
          expect(lisbon!.event.data).to.deep.equal({
            site: 'lisbon',
            repository,
            digest,
            tags: ['v1', 'v2'],
            arrivedAt: at.toISOString(),
          });
          expect(lisbon!.event).to.include({ type: 'image.complete' });
          expect(lisbon!.event.subject).to.equal(`acme/app@${digest}`);
          expect(Date.parse(lisbon!.event.time)).to.be.closeTo(Date.now(), 10_000);
          expect(lisbon).to.include({ webhook, state: 'waiting', attempts: 0 });
          expect(lisbon!.queuedAt.getTime()).to.be.closeTo(Date.now(), 10_000);
          expect(siteOf(oslo!.event)).to.equal('oslo');
          expect(oslo!.event.id).to.not.equal(lisbon!.event.id);
        }
        const [[one], [other]] = [await list('ci'), await list('deploy')];
        expect(one!.event).to.deep.equal(other!.event);
      });

      it('is what the webhook wants, and nothing while it is disabled', async () => {
        const other = repositoryNamed('other/app');
        await ports.webhooks.record(webhookOf('by-path', { repositories: [patternOf('acme/*')] }));
        await ports.webhooks.record(webhookOf('by-site', { sites: ['oslo'] }));
        await ports.webhooks.record({ ...webhookOf('off'), isEnabled: false });
        const [here, there] = [await push('a'), await push('b', other)];
        await arrive(here);
        await arrive(here, 'oslo');
        await arrive(there, 'oslo', other);
        expect(await told('by-path')).to.deep.equal([`${here} at lisbon`, `${here} at oslo`]);
        expect(await told('by-site')).to.deep.equal([`${here} at oslo`, `${there} at oslo`]);
        expect(await told('off')).to.deep.equal([]);
      });

      it('is nothing where the manifest is not there, and anew where it comes again', async () => {
        await ports.webhooks.record(webhookOf('ci'));
        await arrive(blobOf('nothing'));
        expect(await list()).to.deep.equal([]);
        const digest = await push('a');
        await arrive(digest);
        await ports.metadata.deleteManifest(repository, digest, '');
        await push('a');
        await ports.arrivals.record([{ site: 'lisbon', repository, digest, at: minutes(1) }]);
        const ids = (await list()).map(({ event }) => event.id);
        expect(new Set(ids).size).to.equal(2);
      });

      it('wakes who watches, as does a webhook that changes', async () => {
        const woken = new EventEmitter();
        const stop = ports.outbox.watch(() => woken.emit('call'));
        const isTold = once(woken, 'call');
        await ports.webhooks.record(webhookOf('ci'));
        await isTold;
        const digest = await push('a');
        const isPutIn = once(woken, 'call');
        await arrive(digest);
        await isPutIn;
        stop();
      });
    });

    describe('what waits', () => {
      let digest: Digest;
      let other: Digest;

      beforeEach(async () => {
        await ports.webhooks.record(webhookOf('ci'));
        [digest, other] = [await push('a'), await push('b')].sort() as [Digest, Digest];
        await arrive(digest);
        await arrive(digest, 'oslo');
        await arrive(other);
      });

      it('is the first of each subject, and the next when that one is settled', async () => {
        const [first, second] = await listNext();
        expect([first, second].map((one) => nameOf(one!))).to.deep.equal([
          `${digest} at lisbon`,
          `${other} at lisbon`,
        ]);
        expect(await listNext('ci', { limit: 1 })).to.deep.equal([first]);
        const { subject } = first!.event;
        expect(await listNext('ci', { behind: subject })).to.deep.equal([second]);
        await ports.outbox.settle(first!, { state: 'delivered', at, message: 'answered 204' });
        expect((await listNext()).map(nameOf)).to.have.members([
          `${digest} at oslo`,
          `${other} at lisbon`,
        ]);
        const [delivered] = await list('ci', { state: 'delivered' });
        expect(delivered).to.deep.equal({
          ...first,
          state: 'delivered',
          attempts: 1,
          triedAt: at,
          message: 'answered 204',
        });
      });

      it('comes later where it failed, and still before what follows on it', async () => {
        const [first] = await listNext();
        const nextTryAt = minutes(5);
        await ports.outbox.settle(first!, { state: 'waiting', ...failure, nextTryAt });
        expect((await listNext()).map(nameOf)).to.deep.equal([`${other} at lisbon`]);
        expect(await ports.outbox.findNextTry('ci', at)).to.deep.equal(nextTryAt);
        expect(await ports.outbox.findNextTry('ci', nextTryAt)).to.equal(undefined);
        const [again, last] = await listNext('ci', { at: nextTryAt });
        expect(nameOf(last!)).to.equal(`${other} at lisbon`);
        const { reason, message } = failure;
        const failed = { ...first, attempts: 1, triedAt: at, nextTryAt, reason, message };
        expect(again).to.deep.equal(failed);
      });

      it('is settled once', async () => {
        const [first] = await listNext();
        await ports.outbox.settle(first!, { state: 'delivered', at, message: 'answered 200' });
        await ports.outbox.settle(first!, { state: 'dead', ...failure });
        const found = await list('ci', { state: 'delivered' });
        expect(found).to.have.lengthOf(1);
        expect(found[0]).to.include({ attempts: 1, message: 'answered 200' });
      });

      it('is let go where it was given up, until somebody wants it again', async () => {
        const [first] = await listNext();
        await ports.outbox.settle(first!, { state: 'dead', ...failure });
        expect(await ports.outbox.count('ci')).to.deep.equal({ waiting: 2, dead: 1, dropped: 0 });
        expect((await listNext()).map(nameOf)).to.include(`${digest} at oslo`);
        expect(await ports.outbox.redeliver('ci', minutes(9), 'unknown')).to.equal(0);
        expect(await ports.outbox.redeliver('ci', minutes(9))).to.equal(1);
        expect(await ports.outbox.redeliver('ci', minutes(9))).to.equal(0);
        expect(await ports.outbox.count('ci')).to.deep.equal({ waiting: 3, dead: 0, dropped: 0 });
        const found = (await listNext()).find(({ event }) => event.id === first!.event.id);
        expect(found).to.deep.equal({ ...first, queuedAt: minutes(9) });
      });

      it('is given up where it waits for too long, with what was said of it last', async () => {
        const [first, second] = await listNext();
        await ports.outbox.settle(first!, { state: 'waiting', ...failure, nextTryAt: minutes(5) });
        await ports.outbox.settle(second!, { state: 'delivered', at, message: 'answered 200' });
        const giveUp = (before: Date) => ports.outbox.giveUp('ci', { before, at: minutes(9) });
        expect(await giveUp(first!.queuedAt)).to.equal(0);
        expect(await giveUp(new Date(Date.now() + 60_000))).to.equal(2);
        const dead = (await list('ci', { state: 'dead' })).toReversed();
        const { attempts: _, nextTryAt: __, ...known } = { ...first!, nextTryAt: 0 };
        const said = { reason: failure.reason, message: failure.message };
        const gone = { state: 'dead', triedAt: minutes(9) } as const;
        expect(dead[0]).to.deep.equal({ ...known, attempts: 1, ...said, ...gone });
        expect(dead[1]).to.include({ attempts: 0, reason: 'no-connection' });
        expect(await listNext()).to.deep.equal([]);
      });

      it('is again what was delivered, where its event is named', async () => {
        const [first] = await listNext();
        await ports.outbox.settle(first!, { state: 'delivered', at, message: 'answered 200' });
        expect(await ports.outbox.redeliver('ci', minutes(1), first!.event.id)).to.equal(1);
        expect(await ports.outbox.count('ci')).to.deep.equal({ waiting: 3, dead: 0, dropped: 0 });
      });

      it('is listed in pages, the newest first', async () => {
        const [newest, middle, oldest] = await list();
        expect([newest, middle, oldest].map((one) => nameOf(one!))).to.deep.equal([
          `${other} at lisbon`,
          `${digest} at oslo`,
          `${digest} at lisbon`,
        ]);
        const after = newest!.event.id;
        expect(await list('ci', { after, limit: 1 })).to.deep.equal([middle]);
        expect(await list('ci', { after: 'unknown' })).to.deep.equal([]);
        expect(await list('ci', { state: 'dead' })).to.deep.equal([]);
      });

      it('is kept while what was settled long ago is forgotten', async () => {
        const [first, second] = await listNext();
        await ports.outbox.settle(first!, { state: 'delivered', at, message: 'answered 200' });
        await ports.outbox.settle(second!, { state: 'dead', ...failure });
        const forget = (delivered: Date, dead: Date) =>
          ports.outbox.deleteSettled({ delivered, dead });
        expect(await forget(at, at)).to.equal(0);
        expect(await forget(minutes(1), at)).to.equal(1);
        expect((await list()).map(({ state }) => state)).to.have.members(['waiting', 'dead']);
        expect(await forget(minutes(1), minutes(1))).to.equal(1);
        expect((await list()).map(({ state }) => state)).to.deep.equal(['waiting']);
      });
    });
  });
}
