import { expect } from 'chai';
import { repositoryNamed, tagNamed } from '../../../support/content.ts';
import * as misdeed from '../../../virtual/misdeeds.ts';
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
} from '../../../virtual/remotes.ts';
import type { TokenServiceOptions } from '../../../virtual/token-service.ts';
import { TestUpstream } from '../../../virtual/upstream.ts';

const image = repositoryNamed('acme/app');
const v1 = { kind: 'tag', tag: tagNamed('v1') } as const;
const accounts = { [CREDENTIALS.username]: PASSWORD };

describe('tokens of an upstream', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
  });

  /** An upstream with that way to log in, and who asks it. */
  async function start(
    auth: TokenServiceOptions,
    changes: RemotesChanges & { readonly hides?: boolean } = {},
  ) {
    const upstream = await TestUpstream.start({ auth, hides: changes.hides ?? false });
    const clock = new StandingClock();
    const remotes = openTestRemotes({ clock, ...changes });
    closing.push(
      () => remotes.close(),
      () => upstream.close(),
    );
    upstream.putImage(image, 'v1', 'one');
    const open = (origin: Partial<RemoteOrigin> = {}) =>
      remotes.open(upstreamAt(upstream.url, origin));
    return { upstream, clock, open };
  }

  const known = { credentials: CREDENTIALS };

  it('are asked for once, and the realm is remembered', async () => {
    const { upstream, open } = await start({ accounts });
    await open(known).findManifest(image, v1);
    expect(upstream.asked.map(({ kind }) => kind)).to.deep.equal(['manifest', 'token', 'manifest']);
    upstream.forget();
    await open(known).findManifest(image, v1);
    expect(upstream.asked.map(({ kind }) => kind)).to.deep.equal(['manifest']);
    upstream.forget();
    await open(known).findManifest(repositoryNamed('acme/other'), v1);
    expect(upstream.asked.map(({ kind }) => kind)).to.deep.equal(['token', 'manifest']);
  });

  it('are for one repository, to be read', async () => {
    const { upstream, open } = await start({ accounts });
    await open(known).findManifest(image, v1);
    const { searchParams } = new URL(upstream.asked[1]!.path, upstream.url);
    expect(Object.fromEntries(searchParams)).to.deep.equal({
      service: 'upstream',
      scope: 'repository:acme/app:pull',
    });
  });

  it('are asked for by one, however many wait', async () => {
    const { upstream, open } = await start({ accounts });
    const asked = Array.from({ length: 20 }, () => open(known).findManifest(image, v1));
    for (const found of await Promise.all(asked)) expect(found).to.be.an('object');
    expect(upstream.count('token')).to.equal(1);
  });

  it('are given without credentials to whoever has none', async () => {
    const { upstream, open } = await start({ isOpen: true });
    expect(await open().findManifest(image, v1)).to.be.an('object');
    const [token] = upstream.asked.filter(({ kind }) => kind === 'token');
    expect(token!.headers).not.to.have.property('authorization');
  });

  it('live no longer than three minutes, and half a minute less than was said', async () => {
    for (const [expiresIn, lifeMs] of [
      [3600, 180_000],
      [100, 70_000],
    ] as const) {
      const { upstream, clock, open } = await start({ accounts, expiresIn });
      await open(known).findManifest(image, v1);
      clock.pass(lifeMs - 1);
      await open(known).findManifest(image, v1);
      expect(upstream.count('token')).to.equal(1);
      clock.pass(1);
      await open(known).findManifest(image, v1);
      expect(upstream.count('token')).to.equal(2);
    }
  });

  it('are not kept where they live for a moment only', async () => {
    const { upstream, open } = await start({ accounts, expiresIn: 30 });
    await open(known).findManifest(image, v1);
    await open(known).findManifest(image, v1);
    expect(upstream.count('token')).to.equal(2);
  });

  it('are fetched anew once where they are refused', async () => {
    const { upstream, open } = await start({ accounts });
    await open(known).findManifest(image, v1);
    upstream.tokens!.revokeAll();
    upstream.forget();
    expect(await open(known).findManifest(image, v1)).to.be.an('object');
    const kinds = upstream.asked.map(({ kind }) => kind);
    expect(kinds).to.deep.equal(['manifest', 'token', 'manifest']);
    upstream.forget();
    const refuse: misdeed.Misdeed = (_, response) => {
      const { status, headers, body } = upstream.tokens!.refusal(upstream.url, image);
      response.writeHead(status, headers).end(body);
    };
    upstream.misbehave(refuse, 'manifest');
    expect(await faultOf(open(known).findManifest(image, v1))).to.equal('refused');
    expect(upstream.count('token')).to.equal(1);
    expect(upstream.count('manifest')).to.equal(2);
  });

  it('are asked for where they are given now', async () => {
    const { upstream, open } = await start({ accounts });
    await open(known).findManifest(image, v1);
    const mover = await start({ accounts });
    upstream.tokens!.revokeAll();
    upstream.misbehave(misdeed.fail(404), 'token', 1);
    expect(await faultOf(open(known).findManifest(image, v1))).to.equal('broken');
    expect(await open(known).findManifest(image, v1)).to.be.an('object');
    expect(mover.upstream.count()).to.equal(0);
  });

  it('are not needed where the password itself is asked for', async () => {
    const { upstream, open } = await start({ scheme: 'Basic', accounts });
    expect(await open(known).findManifest(image, v1)).to.be.an('object');
    expect(await open(known).findManifest(image, v1)).to.be.an('object');
    expect(upstream.count('token')).to.equal(0);
    expect(upstream.count('manifest')).to.equal(3);
    expect(await faultOf(open().findManifest(image, v1))).to.equal('refused');
  });

  it('are no tokens where they could not be sent', async () => {
    const { upstream, open } = await start({ accounts });
    const answers = ['no json', '{}', '{"token":""}', '{"token":"a\\r\\nb: c"}', '[]', 'null'];
    for (const body of answers) {
      upstream.misbehave((_, response) => response.end(body), 'token', 1);
      expect(await faultOf(open(known).findManifest(image, v1)), body).to.equal('broken');
    }
  });

  it('make what is hidden be not there, for those without credentials', async () => {
    const hiding = { hides: true, hidingHosts: ['127.0.0.1'] };
    const { open } = await start({ isOpen: true, accounts }, hiding);
    const absent = repositoryNamed('acme/absent');
    expect(await open().findManifest(absent, v1)).to.equal(undefined);
    expect(await open().headManifest(absent, v1)).to.equal(undefined);
    expect(await faultOf(open(known).findManifest(absent, v1))).to.equal('refused');
    const frank = await start({ isOpen: true }, { hides: true });
    expect(await faultOf(frank.open().findManifest(absent, v1))).to.equal('refused');
  });

  it('bring the limit of the token service to rest too', async () => {
    const { upstream, clock, open } = await start({ accounts });
    upstream.misbehave(misdeed.limit(7), 'token', 1);
    const { fault, retryAfterSeconds } = await failureOf(open(known).findManifest(image, v1));
    expect([fault, retryAfterSeconds]).to.deep.equal(['limited', 7]);
    upstream.forget();
    expect(await faultOf(open(known).findManifest(image, v1))).to.equal('limited');
    expect(upstream.count()).to.equal(0);
    clock.pass(7000);
    expect(await open(known).findManifest(image, v1)).to.be.an('object');
  });
});
