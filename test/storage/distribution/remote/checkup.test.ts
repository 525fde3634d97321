import type { LookupAddress } from 'node:dns';
import { expect } from 'chai';
import { CERTIFICATE } from '../../../support/certificate.ts';
import * as misdeed from '../../../virtual/misdeeds.ts';
import {
  CREDENTIALS,
  openTestRemotes,
  PASSWORD,
  type RemoteOrigin,
  type RemotesChanges,
  upstreamAt,
} from '../../../virtual/remotes.ts';
import { TestUpstream, type UpstreamOptions } from '../../../virtual/upstream.ts';

const accounts = { [CREDENTIALS.username]: PASSWORD };
const known = { credentials: CREDENTIALS };

const lookUp = (host: string): Promise<LookupAddress[]> =>
  Promise.reject(Object.assign(new Error(`no ${host}`), { code: 'ENOTFOUND' }));

describe('the check of an upstream', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
  });

  async function start(options: UpstreamOptions = {}): Promise<TestUpstream> {
    const upstream = await TestUpstream.start(options);
    closing.push(() => upstream.close());
    return upstream;
  }

  async function test(
    url: string,
    origin: Partial<RemoteOrigin> = {},
    changes: RemotesChanges = {},
  ) {
    const remotes = openTestRemotes(changes);
    closing.push(() => remotes.close());
    return remotes.open(upstreamAt(url, origin)).test();
  }

  it('says that all is well', async () => {
    const plain = await start();
    const well = await test(plain.url);
    expect(well.isWell).to.equal(true);
    expect(well.sentence).to.match(/answers as a registry, and is asked without credentials\.$/);
    const guarded = await start({ auth: { accounts } });
    expect((await test(`${guarded.url}/`, known)).sentence).to.match(/takes our credentials\.$/);
  });

  it('says that credentials are wrong, or missing', async () => {
    for (const scheme of ['Bearer', 'Basic'] as const) {
      const guarded = await start({ auth: { scheme, accounts: { reader: 'another' } } });
      const { host } = new URL(guarded.url);
      const wrong = await test(guarded.url, known);
      expect(wrong).to.deep.equal({
        isWell: false,
        sentence: `${host} refused our credentials.`,
      });
      const none = await test(guarded.url);
      expect(none.sentence).to.equal(`${host} asks for credentials, and none are set.`);
    }
  });

  it('says that a name is not found, and that a dot may be missing', async () => {
    const typo = await test('https://registryexample', {}, { lookUp });
    expect(typo.sentence).to.equal('The name registryexample is not found. Is a dot missing?');
    const gone = await test('https://registry.gone.example', {}, { lookUp });
    expect(gone.sentence).to.equal('The name registry.gone.example is not found.');
  });

  it('says that nothing listens there', async () => {
    const gone = await TestUpstream.start();
    const { url } = gone;
    await gone.close();
    const { host } = new URL(url);
    expect((await test(url)).sentence).to.equal(`The connection to ${host} is refused.`);
  });

  it('says that the certificate is not trusted, until it is given', async () => {
    const secure = await start({ isTls: true });
    const { isWell, sentence } = await test(secure.url);
    expect(isWell).to.equal(false);
    expect(sentence).to.match(/^The certificate of 127\.0\.0\.1:\d+ is not trusted: [A-Z_]+\.$/);
    expect((await test(secure.url, { ca: CERTIFICATE })).isWell).to.equal(true);
  });

  it('says that TLS is not spoken there', async () => {
    const plain = await start();
    const { sentence } = await test(plain.url.replace('http:', 'https:'));
    expect(sentence).to.match(/does not speak TLS with us/);
  });

  it('says that it does not answer in time', async () => {
    const silent = await start();
    silent.misbehave(misdeed.slow(), 'ping');
    const { sentence } = await test(silent.url, { timeoutMs: 100 });
    expect(sentence).to.match(/does not answer in time\.$/);
  });

  it('says that there is no registry behind the URL', async () => {
    const upstream = await start();
    const others = [
      misdeed.loginPage,
      misdeed.fail(404),
      misdeed.fail(404, { 'content-type': 'text/html' }),
      misdeed.fail(500),
      misdeed.loop,
    ];
    for (const other of others) {
      upstream.behave();
      upstream.misbehave(other, 'ping');
      const { isWell, sentence } = await test(`${upstream.url}/team/images`);
      expect(isWell).to.equal(false);
      expect(sentence).to.contain(`There is no registry at ${upstream.url}/v2/`);
      expect(sentence).to.contain('The path team/images stands before names of images only.');
    }
  });

  it('says that the address is not public', async () => {
    const upstream = await start();
    const { sentence } = await test(upstream.url, {}, { networks: [] });
    expect(sentence).to.match(/leads to an address that is not public\.$/);
  });

  it('says that the limit is used up', async () => {
    const upstream = await start();
    upstream.misbehave(misdeed.limit(30), 'ping');
    expect((await test(upstream.url)).sentence).to.match(/^The limit of .* is used up\.$/);
  });
});
