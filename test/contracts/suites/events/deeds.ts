/** What every maker puts into the outbox of what somebody did, and how it makes room for it. */
import { expect } from 'chai';
import type { RequestDetails } from '../../../../src/oci/events/actor.ts';
import { DEED_TYPES, type Deed } from '../../../../src/oci/events/deed.ts';
import {
  type EventFilter,
  eventOfDeed,
  type RegistryEvent,
} from '../../../../src/oci/events/event.ts';
import { OCTET_STREAM } from '../../../../src/oci/media-type.ts';
import { NotPrimary } from '../../../../src/storage/failure.ts';
import { blobOf, imageOf, patternOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import type { OpenPorts, TestPorts } from '../../../support/ports.ts';

const at = new Date('2026-01-02T03:04:05.678Z');
const app = repositoryNamed('acme/app');
const web = repositoryNamed('acme/web');
const [v1, v2] = [tagNamed('v1'), tagNamed('v2')];
const request: RequestDetails = {
  id: '8f14e45f-ceea-467f-a8b1-9d3c1e0f0a11',
  address: '192.0.2.7',
  baseUrl: 'https://registry.example',
  method: 'PUT',
  userAgent: 'docker/29',
  server: { site: 'tokyo', address: 'host:5000', instance: 'one' },
};
const amy = { account: 'amy', request };

const pullOf = (count: number, repository = app) =>
  eventOfDeed(
    { type: 'pull', deed: { repository, digest: blobOf('a'), actor: 'amy' } },
    `pull-${count}`,
    at,
  );

const nameOf = ({ id, type }: RegistryEvent) => (type === 'pull' ? id : type);

export function describeDeedsContract(name: string, open: OpenPorts): void {
  describe(`deeds in the outbox in ${name}`, () => {
    let ports: TestPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    const register = (name: string, wants: Partial<EventFilter> = {}) => {
      const all = { types: DEED_TYPES, repositories: [patternOf('**')], sites: [] };
      const filter = { ...all, ...wants };
      return ports.webhooks.record({ name, url: 'http://ci', isEnabled: true, wants: filter });
    };
    const link = (word: string, rest = {}) =>
      ports.metadata.linkBlob({
        repository: app,
        digest: blobOf(word),
        sizeBytes: 5,
        actor: amy,
        ...rest,
      });
    const push = (word: string, ...tags: (typeof v1)[]) => {
      const put = { repository: app, manifest: imageOf(word), tags, mayOverwrite: true };
      return ports.metadata.recordManifest({ ...put, actor: amy });
    };
    const list = async (webhook = 'ci') =>
      (await ports.outbox.list(webhook, { limit: 99 })).map(({ event }) => event).toReversed();
    const brief = async (webhook = 'ci') =>
      (await list(webhook)).map(({ type, data }) => {
        const { tag, digest, repository } = data as Deed;
        return `${type} ${tag ?? digest ?? repository}`;
      });

    it('are those of each change, in their order, with the request that made them', async () => {
      await register('ci');
      await link('a');
      await link('a', { repository: web, fromRepository: app });
      await push('a', v1, v2);
      await ports.metadata.deleteTag(app, v2, amy);
      const { digest, mediaType, content } = imageOf('a');
      await ports.metadata.deleteManifest(app, digest, amy);
      await ports.metadata.unlinkBlob(web, blobOf('a'), amy);
      await ports.metadata.deleteRepository(app, 'amy');
      const common = { actor: 'amy', request };
      const blob = { ...common, digest: blobOf('a'), mediaType: OCTET_STREAM };
      const manifest = { ...common, repository: app, digest, mediaType };
      const pushed = { ...manifest, sizeBytes: content.length };
      const events = await list();
      expect(events.map(({ type, data }) => ({ type, ...data }))).to.deep.equal([
        { type: 'push', repository: app, ...blob, sizeBytes: 5 },
        { type: 'mount', repository: web, ...blob, sizeBytes: 5, fromRepository: app },
        { type: 'push', ...pushed, tag: v1 },
        { type: 'push', ...pushed, tag: v2 },
        { type: 'delete', ...common, repository: app, tag: v2 },
        { type: 'delete', ...common, repository: app, digest },
        { type: 'delete', repository: web, ...blob },
        { type: 'delete', repository: app, actor: 'amy' },
      ]);
      expect(new Set(events.map(({ id }) => id)).size).to.equal(8);
      expect(events.every(({ subject, data }) => subject === data.repository)).to.equal(true);
      expect(Date.parse(events[0]!.time)).to.be.closeTo(Date.now(), 10_000);
    });

    it('of a move are of whoever moves it, not of who pushed it before', async () => {
      await link('a');
      await push('a', v1);
      await register('ci');
      const moved = { from: app, to: web, isAlone: true, mayMove: () => true };
      const bob = { account: 'bob', request: { ...request, method: 'PATCH' } };
      await ports.treeChanges.move({ ...moved, actor: bob });
      expect(await brief()).to.deep.equal([`mount ${blobOf('a')}`, 'push v1', `delete ${app}`]);
      for (const { data } of await list()) {
        expect(data).to.deep.include({ actor: 'bob', request: bob.request });
      }
      const byName = { order: 'name', isDescending: false, limit: 9 } as const;
      const { items } = await ports.nameTree.listTags(web, byName);
      expect(items[0]).to.include({ name: v1, pushedBy: 'amy' });
    });

    it('are none of what changed nothing', async () => {
      await link('a');
      await push('a', v1);
      await register('ci');
      await link('a');
      await push('a', v1);
      await ports.metadata.deleteTag(app, v2, amy);
      await ports.metadata.recordManifest({
        repository: app,
        manifest: imageOf('nothing'),
        tags: [],
        mayOverwrite: true,
        actor: amy,
      });
      expect(await list()).to.deep.equal([]);
    });

    it('are those that the webhook asks for', async () => {
      const { mediaType } = imageOf('a');
      await register('manifests', { mediaTypes: [mediaType] });
      await register('pushes', { types: ['push'] });
      await register('elsewhere', { repositories: [patternOf('other/**')] });
      await register('here', { sites: ['tokyo'], types: ['mount', 'delete'] });
      await register('there', { sites: ['lisbon'] });
      await link('a');
      await push('a', v1);
      await ports.metadata.deleteTag(app, v1, amy);
      expect(await brief('manifests')).to.deep.equal(['push v1', 'delete v1']);
      expect(await brief('pushes')).to.deep.equal([`push ${blobOf('a')}`, 'push v1']);
      expect(await brief('elsewhere')).to.deep.equal([]);
      expect(await brief('here')).to.deep.equal(['delete v1']);
      expect(await brief('there')).to.deep.equal([]);
    });

    it('wait for those before them in their repository, and no others', async () => {
      await register('ci', { types: ['push'] });
      await link('a');
      await link('b');
      await link('a', { repository: web });
      const now = new Date();
      const due = await ports.outbox.listDue('ci', { at: now, limit: 9 });
      expect(due.map(({ event }) => event.subject)).to.deep.equal([app, web]);
      const failed = { state: 'waiting', at: now, reason: 'refused', message: '' } as const;
      const nextTryAt = new Date(now.getTime() + 60_000);
      await ports.outbox.settle(due[0]!, { ...failed, nextTryAt });
      const left = await ports.outbox.listDue('ci', { at: now, limit: 9 });
      expect(left.map(({ event }) => event.subject)).to.deep.equal([web]);
    });

    it('are not put in where this site may not write', async () => {
      await register('ci');
      await ports.sites.recordRole('secondary', 1);
      const failure = await link('a').catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(NotPrimary);
      expect(await list()).to.deep.equal([]);
    });

    it('that are pulls are put in once, and forgotten when they were told', async () => {
      await register('ci');
      await register('pushes', { types: ['push'] });
      await ports.outbox.record([pullOf(1), pullOf(2)]);
      await ports.outbox.record([pullOf(2)]);
      expect((await list()).map(({ id }) => id)).to.deep.equal(['pull-1', 'pull-2']);
      expect(await list('pushes')).to.deep.equal([]);
      const [first] = await ports.outbox.listDue('ci', { at, limit: 1 });
      await ports.outbox.settle(first!, { state: 'delivered', at, message: 'answered 200' });
      expect((await list()).map(({ id }) => id)).to.deep.equal(['pull-2']);
    });

    it('make room: what was told goes, then the oldest pulls, nothing else (A51)', async () => {
      await register('ci');
      await link('a');
      const [push] = await ports.outbox.listDue('ci', { at: new Date(), limit: 1 });
      await ports.outbox.settle(push!, { state: 'delivered', at, message: 'answered 200' });
      await link('b');
      await ports.outbox.record([1, 2, 3, 4].map((count) => pullOf(count)));
      await link('c');
      expect(await ports.outbox.trim('ci', 7)).to.equal(0);
      expect(await list()).to.have.lengthOf(7);
      expect(await ports.outbox.trim('ci', 4)).to.equal(2);
      expect((await list()).map(nameOf)).to.deep.equal(['push', 'pull-3', 'pull-4', 'push']);
      expect(await ports.outbox.trim('ci', 0)).to.equal(2);
      expect((await list()).map(nameOf)).to.deep.equal(['push', 'push']);
      expect(await ports.outbox.count('ci')).to.deep.equal({ waiting: 2, dead: 0, dropped: 4 });
      await register('other');
      await link('d');
      expect(await ports.outbox.count()).to.deep.equal({ waiting: 4, dead: 0, dropped: 4 });
    });
  });
}
