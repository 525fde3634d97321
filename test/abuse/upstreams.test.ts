import type { LookupAddress } from 'node:dns';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { digestOf } from '../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../src/oci/media-type.ts';
import type { DistributionRemotes } from '../../src/storage/distribution/remote/remotes.ts';
import { CERTIFICATE } from '../support/certificate.ts';
import { repositoryNamed, tagNamed } from '../support/content.ts';
import * as misdeed from '../virtual/misdeeds.ts';
import {
  CREDENTIALS,
  failureOf,
  faultOf,
  openTestRemotes,
  PASSWORD,
  type RemoteOrigin,
  type RemotesChanges,
  upstreamAt,
} from '../virtual/remotes.ts';
import { TestUpstream, type UpstreamOptions } from '../virtual/upstream.ts';

const image = repositoryNamed('acme/app');
const v1 = { kind: 'tag', tag: tagNamed('v1') } as const;
const blob = Buffer.alloc(200_000, 'meridian ');
const accounts = { [CREDENTIALS.username]: PASSWORD };
const known = { credentials: CREDENTIALS };

/** Names that lead to this machine in these tests, and one that leads to nobody's. */
const NAMES: Readonly<Record<string, string>> = {
  'registry.acme.test': '127.0.0.1',
  'auth.acme.test': '127.0.0.1',
  'evil.test': '127.0.0.1',
  'metadata.test': '169.254.169.254',
  'mixed.test': '10.1.1.1',
  'public.test': '93.184.215.14',
};

const lookUp = (host: string): Promise<LookupAddress[]> => {
  const address = NAMES[host];
  if (address) return Promise.resolve([{ address, family: 4 }]);
  return Promise.reject(Object.assign(new Error(`no ${host}`), { code: 'ENOTFOUND' }));
};

/** Every spelling of places that no upstream may be at. */
const FORBIDDEN_HOSTS = [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '017700000001',
  '0177.0.0.1',
  '0',
  '0.0.0.0',
  '127.0.0.1.',
  '[::1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '169.254.169.254',
  '[fe80::1]',
  '[fd00:ec2::254]',
  '[fc00::1]',
  '10.0.0.1',
  '172.16.0.1',
  '192.168.0.1',
  '100.64.0.1',
  '[64:ff9b::7f00:1]',
  '[2002:7f00:1::]',
  '224.0.0.1',
  'metadata.test',
  'mixed.test',
  '１２７.0.0.1',
];

describe('upstreams that mean harm', () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await Promise.all(closing.splice(0).map((close) => close()));
  });

  async function start(options: UpstreamOptions = {}): Promise<TestUpstream> {
    const upstream = await TestUpstream.start(options);
    closing.push(() => upstream.close());
    upstream.putImage(image, 'v1', blob);
    return upstream;
  }

  function openRemotes(changes: RemotesChanges = {}): DistributionRemotes {
    const remotes = openTestRemotes({ lookUp, ...changes });
    closing.push(() => remotes.close());
    return remotes;
  }

  const open = (url: string, origin: Partial<RemoteOrigin> = {}, changes: RemotesChanges = {}) =>
    openRemotes(changes).open(upstreamAt(url, { ca: CERTIFICATE, ...origin }));

  describe('addresses', () => {
    it('A27 no spelling of a private address passes, saved or connected to', async () => {
      const upstream = await start();
      const strict = openRemotes({ networks: [] });
      for (const host of FORBIDDEN_HOSTS) {
        for (const scheme of ['https', 'http']) {
          const url = `${scheme}://${host}:${upstream.port}`;
          expect(await strict.findFault(url), url).to.be.a('string');
          const remote = strict.open(upstreamAt(url));
          expect(await faultOf(remote.findManifest(image, v1)), url).to.equal('forbidden-address');
        }
      }
      expect(upstream.count()).to.equal(0);
    });

    it('A27 localhost is not reached by any of its names', async () => {
      const strict = openTestRemotes({ networks: [] });
      closing.push(() => strict.close());
      for (const host of ['localhost', 'localhost.', 'LOCALHOST']) {
        const url = `https://${host}`;
        expect(await strict.findFault(url), host).to.be.a('string');
        const { fault } = await failureOf(strict.open(upstreamAt(url)).findManifest(image, v1));
        expect(fault, host).to.equal('forbidden-address');
      }
    });

    it('A27 a name that leads elsewhere a moment later is connected to nowhere', async () => {
      const addresses = ['93.184.215.14', '127.0.0.1', '169.254.169.254'];
      const upstream = await start();
      const turning = openRemotes({
        networks: [],
        lookUp: () => Promise.resolve([{ address: addresses.shift()!, family: 4 }]),
      });
      const url = `https://turning.test:${upstream.port}`;
      expect(await turning.findFault(url)).to.equal(undefined);
      for (const _ of ['loopback', 'metadata']) {
        const asked = turning.open(upstreamAt(url)).findManifest(image, v1);
        expect(await faultOf(asked)).to.equal('forbidden-address');
      }
      expect(upstream.count()).to.equal(0);
    });

    it('A27 the address that was checked is the one that is connected to', async () => {
      const upstream = await start({ host: 'registry.acme.test' });
      const looked: string[] = [];
      const remotes = openRemotes({
        lookUp: (host) => {
          looked.push(host);
          return lookUp(host);
        },
      });
      expect(await remotes.open(upstreamAt(upstream.url)).findManifest(image, v1)).to.be.an(
        'object',
      );
      // No resolver of this machine knows the name: what was given is what was used.
      expect(looked).to.deep.equal(['registry.acme.test']);
      expect(upstream.asked[0]!.headers.host).to.equal(`registry.acme.test:${upstream.port}`);
    });

    it('V22 what is saved has the form of a registry', async () => {
      const remotes = openRemotes({
        networks: ['127.0.0.1'],
        ownUrls: ['https://meridian.acme.test'],
      });
      const right = [
        'https://public.test',
        'https://public.test/',
        'https://public.test:5000/team/images',
        'https://nobody.knows.test',
        'http://registry.acme.test',
        'http://127.0.0.1:5000',
        'https://meridian.acme.test:5443',
      ];
      for (const url of right) expect(await remotes.findFault(url), url).to.equal(undefined);
      const wrong = [
        '',
        'registry',
        'registry.acme.test',
        '//public.test',
        'https://',
        'file:///etc/passwd',
        'gopher://public.test',
        'ftp://public.test',
        'unix:/run/docker',
        'https://me:secret@public.test',
        'https://me@public.test',
        'https://public.test?a=b',
        'https://public.test/#a',
        'https://public.test?',
        'https://public.test/v2/',
        'https://public.test/v2',
        'https://public.test/v1/x',
        'https://public.test/Team',
        'https://public.test/a//b',
        'https://public.test/a%2fb',
        'https://hub.docker.com/r/library/alpine',
        'https://docker.io',
        'http://public.test',
        'https://meridian.acme.test',
        'https://MERIDIAN.acme.test.',
      ];
      for (const url of wrong) expect(await remotes.findFault(url), url).to.be.a('string');
    });

    it('V22 http is spoken in networks that the operator names, and nowhere else', async () => {
      const upstream = await start();
      const other = openRemotes({ networks: ['127.0.0.2'] });
      const url = `http://public.test:${upstream.port}`;
      const asked = other.open(upstreamAt(url)).findManifest(image, v1);
      expect(await faultOf(asked)).to.equal('forbidden-address');
      expect(await open(upstream.url).findManifest(image, v1)).to.be.an('object');
    });
  });

  describe('redirects', () => {
    it('A28 to places that no upstream may be at are not followed', async () => {
      const upstream = await start();
      const remote = open(upstream.url);
      const targets = [
        'http://169.254.169.254/latest/meta-data',
        'https://metadata.test/',
        'https://[::1]/',
        'http://10.0.0.1/',
        'https://2852039166/',
        'file:///etc/passwd',
        'gopher://evil.test/',
        `http://me:secret@127.0.0.1:${upstream.port}/v2/`,
        'http://public.test/',
      ];
      for (const target of targets) {
        upstream.behave();
        upstream.misbehave(misdeed.redirect(target), ['manifest', 'blob']);
        expect(await faultOf(remote.findManifest(image, v1)), target).to.equal('forbidden-address');
        const opened = remote.openBlob(image, digestOf(blob));
        expect(await faultOf(opened), target).to.equal('forbidden-address');
      }
    });

    it('A28 from https to http are not followed', async () => {
      const [secure, plain] = await Promise.all([start({ isTls: true }), start()]);
      const remote = open(secure.url);
      expect(await remote.findManifest(image, v1)).to.be.an('object');
      secure.misbehave(misdeed.redirect(`${plain.url}/v2/${image}/manifests/v1`), 'manifest');
      expect(await faultOf(remote.findManifest(image, v1))).to.equal('forbidden-address');
      expect(plain.count()).to.equal(0);
    });

    it('A28 are at most five, and in no circle', async () => {
      const upstream = await start();
      const remote = open(upstream.url);
      upstream.misbehave(misdeed.endlessRedirects, 'manifest', 5);
      expect(await remote.findManifest(image, v1)).to.be.an('object');
      upstream.misbehave(misdeed.endlessRedirects, 'manifest');
      upstream.forget();
      expect(await faultOf(remote.findManifest(image, v1))).to.equal('broken');
      expect(upstream.count()).to.equal(6);
      upstream.behave();
      upstream.misbehave(misdeed.loop, 'manifest');
      upstream.forget();
      expect(await faultOf(remote.findManifest(image, v1))).to.equal('broken');
      expect(upstream.count()).to.equal(2);
      upstream.behave();
      upstream.misbehave(misdeed.redirect('http://['), 'manifest');
      expect(await faultOf(remote.findManifest(image, v1))).to.equal('broken');
    });

    it('A28 to a signed URL of a storage are followed, without our credentials', async () => {
      const [upstream, storage] = await Promise.all([start({ auth: { accounts } }), start()]);
      const digest = digestOf(blob);
      storage.misbehave((_, response) => {
        response.writeHead(200, { 'content-length': blob.length, 'set-cookie': 'a=b' }).end(blob);
      }, 'other');
      upstream.misbehave(
        misdeed.redirect(`${storage.url}/bucket/${digest}?signature=abc`),
        'blob',
        2,
      );
      const opened = await open(upstream.url, known).openBlob(image, digest);
      expect((await buffer(opened!.content)).equals(blob)).to.equal(true);
      const [asked] = storage.asked;
      expect(asked!.path).to.equal(`/bucket/${digest}?signature=abc`);
      expect(asked!.headers).not.to.have.any.keys('authorization', 'cookie', 'referer');
    });

    it('A28 back from another host bring our credentials back to nobody', async () => {
      const [upstream, other] = await Promise.all([start({ auth: { accounts } }), start()]);
      const remote = open(upstream.url, known);
      await remote.findManifest(image, v1);
      upstream.forget();
      upstream.misbehave(misdeed.redirect(`${other.url}/away`), 'manifest', 1);
      other.misbehave(misdeed.redirect(`${upstream.url}/back`), 'other');
      await remote.findManifest(image, v1).catch(() => undefined);
      const [first, back] = upstream.asked;
      expect(first!.headers).to.have.property('authorization');
      expect(back!.path).to.equal('/back');
      expect(back!.headers).not.to.have.property('authorization');
    });
  });

  describe('realms', () => {
    const auth = { accounts };

    it('A29 credentials go to no realm of somebody else', async () => {
      const upstream = await start({ host: 'registry.acme.test', auth });
      const evil = await start({ host: 'evil.test', auth: { isOpen: true } });
      upstream.tokens!.realm = `${evil.url}/token`;
      const remote = open(upstream.url, known);
      const { fault, message } = await failureOf(remote.findManifest(image, v1));
      expect(fault).to.equal('refused');
      expect(message).not.to.contain(PASSWORD);
      expect(evil.asked.map(({ kind }) => kind)).to.deep.equal(['token']);
      expect(evil.asked[0]!.headers).not.to.have.property('authorization');
    });

    it("A29 credentials go to the upstream's domain and to hosts that are named", async () => {
      const upstream = await start({ host: 'registry.acme.test', auth });
      const remote = open(upstream.url, known);
      upstream.tokens!.realm = `http://auth.acme.test:${upstream.port}/token`;
      expect(await remote.findManifest(image, v1)).to.be.an('object');
      upstream.tokens!.revokeAll();
      upstream.tokens!.realm = `http://evil.test:${upstream.port}/token`;
      expect(await faultOf(remote.findManifest(image, v1))).to.equal('refused');
      const named = open(upstream.url, { ...known, realmHosts: ['evil.test'] });
      expect(await named.findManifest(image, v1)).to.be.an('object');
    });

    it('A29 realms at places that no upstream may be at are not asked', async () => {
      const upstream = await start({ auth });
      const realms = [
        'http://169.254.169.254/token',
        'https://metadata.test/token',
        'file:///token',
        'gopher://evil.test/token',
        `http://me:secret@127.0.0.1:${upstream.port}/token`,
      ];
      for (const realm of realms) {
        upstream.tokens!.realm = realm;
        const asked = open(upstream.url, known).findManifest(image, v1);
        expect(await faultOf(asked), realm).to.equal('forbidden-address');
      }
      expect(upstream.count('token')).to.equal(0);
    });

    it('A29 a realm over http is not asked by an upstream over https', async () => {
      const plain = await start({ auth });
      const secure = await start({ isTls: true, auth: { ...auth, realm: `${plain.url}/token` } });
      const asked = open(secure.url, known).findManifest(image, v1);
      expect(await faultOf(asked)).to.equal('forbidden-address');
      expect(plain.count()).to.equal(0);
    });

    it('A29 a realm that redirects is not followed', async () => {
      const [upstream, evil] = await Promise.all([start({ auth }), start({ auth })]);
      upstream.misbehave(misdeed.redirect(`${evil.url}/token`), 'token');
      expect(await faultOf(open(upstream.url, known).findManifest(image, v1))).to.equal('broken');
      expect(evil.count()).to.equal(0);
    });
  });

  describe('lists and manifests that lead elsewhere', () => {
    it('A30 a next page on another origin is not asked for', async () => {
      const upstream = await start({ auth: { accounts }, hasReferrers: true });
      const evil = await start();
      const link = `<${evil.url}/v2/${image}/tags/list>; rel="next"`;
      const remote = open(upstream.url, known);
      await remote.findManifest(image, v1);
      upstream.misbehave(misdeed.withHeaders({ link }), ['tags', 'referrers']);
      expect(await faultOf(remote.listTags(image, { limit: 9 }))).to.equal('forbidden-address');
      const subject = digestOf('subject');
      expect(await faultOf(remote.findReferrers(image, subject))).to.equal('forbidden-address');
      expect(evil.count()).to.equal(0);
    });

    it('A31 what foreign layers name is never fetched', async () => {
      const [upstream, elsewhere] = await Promise.all([start(), start()]);
      const layer = {
        mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
        digest: digestOf('foreign'),
        size: 7,
        urls: [`${elsewhere.url}/layer`],
      };
      const content = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [layer] }));
      upstream.putManifest(image, { mediaType: OCI_MANIFEST, content }, 'foreign');
      const remote = open(upstream.url);
      const found = await remote.findManifest(image, { kind: 'tag', tag: tagNamed('foreign') });
      expect(found!.content.equals(content)).to.equal(true);
      expect(await remote.openBlob(image, layer.digest)).to.equal(undefined);
      expect(elsewhere.count()).to.equal(0);
    });
  });
});
