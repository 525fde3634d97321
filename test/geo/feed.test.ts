import { expect } from 'chai';
import { systemClock as clock } from '../../src/clock.ts';
import { Feed } from '../../src/geo/feed.ts';
import {
  type FeedMessage,
  parseFeedMessage,
  printFeedMessage,
} from '../../src/geo/feed-message.ts';
import { SiteRole } from '../../src/geo/role.ts';
import { SnapshotPages } from '../../src/geo/snapshot.ts';
import { createLog } from '../../src/log.ts';
import { blobOf, imageOf, repositoryNamed, tagNamed } from '../support/content.ts';
import { openMemoryPorts, type TestPorts } from '../support/ports.ts';

const log = createLog('silent');
const repository = repositoryNamed('acme/app');

describe('the feed', () => {
  let ports: TestPorts;
  let role: SiteRole;
  let stop: AbortController;

  beforeEach(async () => {
    ports = await openMemoryPorts();
    role = new SiteRole({ ...ports, log });
    stop = new AbortController();
  });

  afterEach(() => stop.abort());

  async function open(after: number): Promise<() => Promise<FeedMessage[]>> {
    const lines = await new Feed({ ...ports, role, clock }).open(
      { after, follower: 'lisbon' },
      stop.signal,
    );
    const iterator = lines[Symbol.asyncIterator]();
    return async () => {
      const { value, done } = await iterator.next();
      return done ? [] : value.trimEnd().split('\n').map(parseFeedMessage);
    };
  }

  async function push(word: string): Promise<void> {
    const blob = { repository, digest: blobOf(word), sizeBytes: 1, actor: '' };
    await ports.metadata.linkBlob(blob);
    await ports.metadata.recordManifest({
      repository,
      manifest: imageOf(word),
      tags: [tagNamed('v1')],
      mayOverwrite: true,
      actor: '',
    });
  }

  it('sends what lies behind the position, with manifests inline, then a heartbeat', async () => {
    await push('one');
    const next = await open(1);
    const [message] = await next();
    expect(message).to.have.nested.property('change.position', 2);
    const content = imageOf('one').content.toString('base64');
    expect(message).to.have.nested.property('change.fact.content', content);
    expect((await next())[0]).to.include({ kind: 'heartbeat', position: 2, epoch: 1 });
  });

  it('proves behind each batch that was the last that nothing lies behind it', async () => {
    const begun = performance.now();
    const next = await open(0);
    await push('one');
    const messages = await next();
    const sinceOpen = performance.now() - begun;
    const beat = messages.at(-1)!;
    expect(beat).to.include({ kind: 'heartbeat', position: 2 });
    expect(beat).to.have.property('sinceOpenMs').that.is.within(0, sinceOpen);
    await push('two');
    const later = (await next()).at(-1)!;
    expect(later).to.include({ kind: 'heartbeat', position: 4 });
    const before = (beat as { sinceOpenMs: number }).sinceOpenMs;
    expect(later).to.have.property('sinceOpenMs').that.is.greaterThan(before);
  });

  it('sends a change as soon as it is committed', async () => {
    const next = await open(0);
    expect((await next())[0]).to.include({ kind: 'heartbeat', position: 0 });
    const begun = Date.now();
    const coming = next();
    await push('two');
    expect((await coming)[0]).to.include({ kind: 'change' });
    expect(Date.now() - begun).to.be.lessThan(500);
  });

  it('beats while nothing happens, and ends when it is told to', async () => {
    const next = await open(0);
    await next();
    expect((await next())[0]).to.include({ kind: 'heartbeat', position: 0 });
    stop.abort();
    expect(await next()).to.deep.equal([]);
  });

  it('refuses a position that its log does not have', async () => {
    const error = await open(9).catch((failure: Error) => failure);
    expect(error).to.include({ name: 'RegistryError', status: 409 });
  });

  it('proves nothing where this site is not, or no longer, the primary', async () => {
    const next = await open(0);
    expect((await next())[0]).to.include({ kind: 'heartbeat', position: 0 });
    await push('one');
    await role.hear(2);
    const messages = await next();
    expect(messages.map(({ kind }) => kind)).to.deep.equal(['change', 'change']);
    expect(await next()).to.deep.equal([]);
    const refusals = [
      await open(2).catch((failure: Error) => failure),
      await new SnapshotPages({ ...ports, role }).read('tags').catch((failure: Error) => failure),
    ];
    for (const error of refusals) expect(error).to.include({ name: 'RegistryError', status: 409 });
  });

  it('refuses a position before the older end of the log, at the start and later', async () => {
    await push('one');
    await push('two');
    const next = await open(0);
    await ports.changeLog.trim(2);
    expect(await next().catch((failure: Error) => failure)).to.be.instanceOf(Error);
    const error = await open(1).catch((failure: Error) => failure);
    expect(error).to.include({ name: 'RegistryError', status: 410 });
    expect((await (await open(2))())[0]).to.have.nested.property('change.position', 3);
  });
});

describe('messages of the feed', () => {
  it('read as they were printed', () => {
    const at = new Date('2026-11-21T10:00:00.000Z');
    const beat: FeedMessage = { kind: 'heartbeat', position: 3, epoch: 2, at, sinceOpenMs: 7.5 };
    expect(parseFeedMessage(printFeedMessage(beat))).to.deep.equal(beat);
    const fact = { kind: 'site-deleted', name: 'oslo' } as const;
    const change: FeedMessage = { kind: 'change', change: { position: 4, epoch: 2, at, fact } };
    expect(parseFeedMessage(printFeedMessage(change))).to.deep.equal(change);
  });

  it('are refused where they are none', () => {
    for (const line of ['', '{}', '{"kind":"heartbeat"}', '{"kind":"else","position":1}']) {
      expect(() => parseFeedMessage(line), line).to.throw();
    }
  });
});

describe('the role of a site', () => {
  it('ends to be the primary when a higher epoch is heard, and at no other', async () => {
    const ports = await openMemoryPorts();
    const role = new SiteRole({ ...ports, log });
    await role.hear(1);
    expect(await role.read()).to.deep.equal({ role: 'primary', epoch: 1 });
    await role.hear(2);
    expect(await role.read()).to.deep.equal({ role: 'secondary', epoch: 2 });
    await role.hear(1);
    expect(await role.read()).to.deep.equal({ role: 'secondary', epoch: 2 });
  });
});
