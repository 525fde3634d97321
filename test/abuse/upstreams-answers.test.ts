import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { systemClock } from '../../src/clock.ts';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../src/oci/media-type.ts';
import type { Remote } from '../../src/storage/virtual/remotes.ts';
import { repositoryNamed, tagNamed } from '../support/content.ts';
import { type Deferred, defer } from '../support/deferred.ts';
import * as misdeed from '../virtual/misdeeds.ts';
import {
  CREDENTIALS,
  failureOf,
  faultOf,
  openTestRemotes,
  PASSWORD,
  type RemoteOrigin,
  type RemotesChanges,
  StandingClock,
  upstreamAt,
} from '../virtual/remotes.ts';
import { type PutImage, TestUpstream, type UpstreamOptions } from '../virtual/upstream.ts';

const image = repositoryNamed('acme/app');
const v1 = { kind: 'tag', tag: tagNamed('v1') } as const;
const blob = Buffer.alloc(200_000, 'meridian ');
const digest = digestOf(blob);
const accounts = { [CREDENTIALS.username]: PASSWORD };
const known = { credentials: CREDENTIALS };

/** All that ever goes to an upstream. */
const SENT = ['host', 'connection', 'accept', 'accept-encoding', 'user-agent'];

async function read(remote: Remote, wanted: Digest = digest): Promise<Buffer> {
  const opened = await remote.openBlob(image, wanted);
  return buffer(opened!.content);
}

const questions = (remote: Remote) => [
  remote.findManifest(image, v1),
  remote.headManifest(image, v1),
  remote.openBlob(image, digest),
  remote.listTags(image, { limit: 1 }),
];

describe('answers of upstreams that mean harm', () => {
  const closing: (() => Promise<void>)[] = [];
  let made: PutImage;
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
  });

  /** An upstream with an image, and what reads from it. */
  async function start(options: UpstreamOptions & RemotesChanges = {}) {
    const upstream = await TestUpstream.start(options);
    const remotes = openTestRemotes(options);
    closing.push(
      () => remotes.close(),
      () => upstream.close(),
    );
    made = upstream.putImage(image, 'v1', blob);
    const open = (origin: Partial<RemoteOrigin> = {}) =>
      remotes.open(upstreamAt(upstream.url, origin));
    return { upstream, open };
  }

  describe('content', () => {
    it('A32 other bytes under the right digest are given as what they are', async () => {
      const { upstream, open } = await start();
      upstream.misbehave(misdeed.wrongBytes, ['manifest', 'blob']);
      const found = await open().findManifest(image, v1);
      expect(found).not.to.have.property('digest');
      expect(digestOf(found!.content)).not.to.equal(made.digest);
      expect(digestOf(await read(open()))).not.to.equal(digest);
    });

    it('A32 a body that ends early breaks, and never ends short', async () => {
      const { upstream, open } = await start();
      for (const cut of [misdeed.short, misdeed.truncatedChunks, misdeed.hangUp]) {
        upstream.behave();
        upstream.misbehave(cut, ['manifest', 'blob']);
        expect(await faultOf(open().findManifest(image, v1))).to.equal('unreachable');
        expect(await faultOf(read(open()))).to.be.oneOf(['unreachable', 'broken']);
      }
    });

    it('A32 a size that is not that of the content is seen by who knows it', async () => {
      const { upstream, open } = await start();
      for (const other of [misdeed.shorterThanItIs, misdeed.long]) {
        upstream.behave();
        upstream.misbehave(other, 'blob');
        const opened = await open().openBlob(image, digest);
        expect(opened!.sizeBytes).not.to.equal(blob.length);
        expect((await buffer(opened!.content)).length).to.equal(opened!.sizeBytes);
      }
      const wrong = misdeed.withHeaders({ 'content-length': undefined });
      upstream.behave();
      upstream.misbehave(wrong, 'blob');
      expect(await faultOf(open().openBlob(image, digest))).to.equal('broken');
    });

    it('A32 a range that was not asked for is no answer', async () => {
      const { upstream, open } = await start();
      const ranges = ['bytes 0-9/200000', 'bytes 100-199/200000', 'bytes 100-199999/100', 'lines'];
      for (const range of ranges) {
        const part = Buffer.alloc(10);
        upstream.misbehave(
          (_, response) => response.writeHead(206, { 'content-range': range }).end(part),
          'blob',
          1,
        );
        expect(await faultOf(open().openBlob(image, digest, 100)), range).to.equal('broken');
      }
    });

    it('A32 a part of what was asked for whole is no answer', async () => {
      const { upstream, open } = await start();
      upstream.misbehave(misdeed.partOnly, ['manifest', 'head-manifest', 'blob', 'tags']);
      for (const asked of questions(open())) expect(await faultOf(asked)).to.equal('broken');
    });

    it('asks once more where a connection was closed that had served before', async () => {
      const { upstream, open } = await start();
      await open().findManifest(image, v1);
      // The connection is free for the next one a moment after its answer was read.
      await turn();
      upstream.misbehave(misdeed.hangUp, 'manifest', 1);
      expect(await open().findManifest(image, v1)).to.be.an('object');
      expect(upstream.count('manifest')).to.equal(3);
      await turn();
      upstream.misbehave(misdeed.hangUp, 'manifest', 2);
      expect(await faultOf(open().findManifest(image, v1))).to.equal('unreachable');
    });

    it('A32 a login page and content of another type are no manifest', async () => {
      const { upstream, open } = await start();
      const types = ['text/html', 'text/plain', 'application/octet-stream', 'image/png', ''];
      for (const other of [misdeed.loginPage, ...types.map(misdeed.wrongType)]) {
        upstream.behave();
        upstream.misbehave(other, ['manifest', 'head-manifest']);
        expect(await faultOf(open().findManifest(image, v1))).to.equal('broken');
        expect(await faultOf(open().headManifest(image, v1))).to.equal('broken');
      }
      upstream.misbehave(misdeed.loginPage, 'blob');
      expect(await faultOf(open().openBlob(image, digest))).to.equal('broken');
    });

    it('V14 encoded content is no answer, and nothing is ever decompressed', async () => {
      const { upstream, open } = await start();
      upstream.misbehave(misdeed.gzipped, ['manifest', 'head-manifest', 'blob', 'tags']);
      expect(await faultOf(open().findManifest(image, v1))).to.equal('broken');
      expect(await faultOf(open().headManifest(image, v1))).to.equal('broken');
      expect(await faultOf(open().openBlob(image, digest))).to.equal('broken');
      expect(await faultOf(open().listTags(image, { limit: 1 }))).to.equal('broken');
      for (const { headers } of upstream.asked) {
        expect(headers['accept-encoding']).to.equal('identity');
      }
    });
  });

  describe('size and time', () => {
    it('A38 an upstream that says nothing is left in time', async () => {
      const { upstream, open } = await start();
      upstream.misbehave(misdeed.slow(), ['manifest', 'blob']);
      const remote = open({ timeoutMs: 100 });
      const begun = performance.now();
      expect(await faultOf(remote.findManifest(image, v1))).to.equal('unreachable');
      expect(await faultOf(remote.openBlob(image, digest))).to.equal('unreachable');
      expect(performance.now() - begun).to.be.below(1500);
    });

    it('A38 a manifest that comes drop by drop is left in time', async () => {
      const { upstream, open } = await start();
      upstream.misbehave(misdeed.drip(1, 20), 'manifest');
      const remote = open({ timeoutMs: 200 });
      const begun = performance.now();
      expect(await faultOf(remote.findManifest(image, v1))).to.equal('unreachable');
      expect(performance.now() - begun).to.be.below(1500);
    });

    it('A38 a blob that comes drop by drop is left', async () => {
      const { upstream, open } = await start();
      upstream.misbehave(misdeed.drip(5, 20), 'blob', 1);
      expect(await faultOf(read(open({ timeoutMs: 300 })))).to.equal('unreachable');
    });

    it('A38 a blob whose reader takes its time is not', async () => {
      const clock = new StandingClock();
      const { open } = await start({ clock });
      const { content } = (await open({ timeoutMs: 300 }).openBlob(image, digest))!;
      const chunks: Buffer[] = [];
      for await (const chunk of content as AsyncIterable<Buffer>) {
        chunks.push(chunk);
        clock.pass(60_000);
      }
      expect(chunks.length).to.be.above(1);
      expect(Buffer.concat(chunks).equals(blob)).to.equal(true);
    });

    it('A38 a manifest over 4 MiB is not read to its end', async () => {
      const { upstream, open } = await start();
      const large = Buffer.alloc(4 * 1024 * 1024 + 1, ' ');
      upstream.putManifest(image, { mediaType: OCI_MANIFEST, content: large }, 'v1');
      expect(await faultOf(open().findManifest(image, v1))).to.equal('broken');
      const most = large.subarray(1);
      upstream.putManifest(image, { mediaType: OCI_MANIFEST, content: most }, 'v1');
      expect((await open().findManifest(image, v1))!.content.length).to.equal(most.length);
    });

    it('A38 lists and tokens without end are not read to theirs', async () => {
      const { upstream, open } = await start({ auth: { accounts } });
      upstream.misbehave(misdeed.endlessBody, 'tags');
      expect(await faultOf(open(known).listTags(image, { limit: 5 }))).to.equal('broken');
      upstream.misbehave(misdeed.endlessBody, 'token');
      const other = open({ ...known, realmHosts: ['other.test'] });
      expect(await faultOf(other.findManifest(image, v1))).to.equal('broken');
    });

    it('A38 headers without end are not read to theirs', async () => {
      const { upstream, open } = await start();
      upstream.misbehave(misdeed.endlessHeaders, ['manifest', 'blob']);
      expect(await faultOf(open().findManifest(image, v1))).to.equal('broken');
      expect(await faultOf(open().openBlob(image, digest))).to.equal('broken');
    });

    it('A38 no answer of any kind keeps a place for longer than it is read', async () => {
      const { upstream, open } = await start({ auth: { accounts } });
      const remote = open({ ...known, maxConcurrency: 1, timeoutMs: 1000 });
      const bad = [
        misdeed.wrongBytes,
        misdeed.short,
        misdeed.gzipped,
        misdeed.loginPage,
        misdeed.fail(500),
        misdeed.fail(403),
        misdeed.loop,
        misdeed.chunked,
      ];
      for (const one of bad) {
        upstream.behave();
        upstream.misbehave(one, ['manifest', 'head-manifest', 'blob', 'tags']);
        await remote.findManifest(image, v1).catch(() => undefined);
        await remote.headManifest(image, v1).catch(() => undefined);
        await remote.listTags(image, { limit: 1 }).catch(() => undefined);
        await read(remote).catch(() => undefined);
        (await remote.openBlob(image, digest).catch(() => undefined))?.content.destroy();
        upstream.behave();
        await turn();
        expect(await remote.findManifest(image, v1)).to.be.an('object');
      }
      upstream.misbehave(misdeed.slow(), 'manifest', 1);
      expect(await faultOf(remote.findManifest(image, v1))).to.equal('unreachable');
      expect(await remote.findManifest(image, v1)).to.be.an('object');
    });

    it('never sends more at once than it may, and says that it is busy after a while', async () => {
      const waits: Deferred<void>[] = [];
      const sleep = () => {
        waits.push(defer());
        return waits.at(-1)!.promise;
      };
      const { upstream, open } = await start({ clock: { ...systemClock, sleep } });
      const remote = open({ maxConcurrency: 3 });
      const over = defer();
      upstream.misbehave(misdeed.stallUntil(over.promise), 'blob');
      const held = [await remote.openBlob(image, digest), await remote.openBlob(image, digest)];
      const late = faultOf(remote.openBlob(image, digest));
      waits[0]!.resolve();
      expect(await late).to.equal('busy');
      expect(upstream.count('blob')).to.equal(2);
      // Questions have a place of their own.
      expect(await remote.findManifest(image, v1)).to.be.an('object');
      const waiting = remote.openBlob(image, digest);
      over.resolve();
      expect((await buffer(held[0]!.content)).equals(blob)).to.equal(true);
      expect((await buffer((await waiting)!.content)).equals(blob)).to.equal(true);
      held[1]!.content.destroy();
    });
  });

  describe('limits', () => {
    it('A37 an upstream whose limit is used up is not asked before it says', async () => {
      const clock = new StandingClock();
      const { upstream, open } = await start({ clock });
      const inAMinute = new Date(clock.now().getTime() + 60_000).toUTCString();
      for (const [retryAfter, seconds] of [
        [inAMinute, 60],
        [30, 30],
        [undefined, 60],
        ['99999999', 21_600],
        ['soon', 60],
      ] as const) {
        upstream.misbehave(misdeed.limit(retryAfter), 'manifest', 1);
        const failure = await failureOf(open().findManifest(image, v1));
        expect(failure).to.include({ fault: 'limited', status: 429, retryAfterSeconds: seconds });
        upstream.forget();
        clock.pass(seconds * 1000 - 1);
        const again = await failureOf(open().headManifest(image, v1));
        expect(again).to.include({ fault: 'limited', retryAfterSeconds: 1 });
        expect(upstream.count()).to.equal(0);
        clock.pass(1);
        expect(await open().findManifest(image, v1)).to.be.an('object');
        clock.pass(1);
      }
    });
  });

  describe('who we are', () => {
    it('V15 a refusal of our credentials is our failure, with no challenge in it', async () => {
      const { upstream, open } = await start({ auth: { accounts: { reader: 'another' } } });
      for (const asked of questions(open(known))) {
        const { fault, message } = await failureOf(asked);
        expect(fault).to.equal('refused');
        expect(message)
          .not.to.match(/realm|Bearer|Basic/)
          .and.not.to.contain(PASSWORD);
      }
      upstream.misbehave(misdeed.fail(403), ['manifest', 'head-manifest', 'blob', 'tags']);
      const bare = open({ timeoutMs: 1000 });
      for (const asked of questions(bare)) expect(await faultOf(asked)).to.equal('refused');
    });

    it('V21 a token of older credentials is never shown again', async () => {
      const { upstream, open } = await start({
        auth: { accounts: { ...accounts, other: PASSWORD } },
      });
      await open(known).findManifest(image, v1);
      const [, older] = upstream.asked.filter(({ kind }) => kind === 'manifest');
      upstream.forget();
      const credentials = { ...CREDENTIALS, version: '2' };
      expect(await open({ credentials }).findManifest(image, v1)).to.be.an('object');
      expect(upstream.count('token')).to.equal(1);
      for (const { headers } of upstream.asked) {
        expect(headers.authorization).not.to.equal(older!.headers.authorization);
      }
      upstream.forget();
      const other = { ...CREDENTIALS, username: 'other', version: '3' };
      await open({ credentials: other }).findManifest(image, v1);
      const [token] = upstream.asked.filter(({ kind }) => kind === 'token');
      const shown = Buffer.from(token!.headers.authorization!.slice('Basic '.length), 'base64');
      expect(shown.toString()).to.equal(`other:${PASSWORD}`);
    });

    it('A39 nothing is sent but what is built here', async () => {
      const { upstream, open } = await start({ auth: { accounts }, hasReferrers: true });
      const remote = open(known);
      await remote.findManifest(image, v1);
      await remote.headManifest(image, v1);
      await remote.listTags(image, { limit: 5 });
      await remote.findReferrers(image, made.digest);
      await buffer((await remote.openBlob(image, digest, 100))!.content);
      for (const { method, path, headers } of upstream.asked) {
        const names = Object.keys(headers).filter((name) => !SENT.includes(name));
        expect(names, `${method} ${path}`).to.have.members(
          names.filter((name) => name === 'authorization' || name === 'range'),
        );
        expect(headers['user-agent']).to.equal('meridian/test');
        expect(path).not.to.contain('ns=');
      }
      expect(upstream.asked.filter(({ headers }) => headers.range)).to.have.length(1);
    });
  });
});
