import {
  createHmac,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from 'node:crypto';
import { expect } from 'chai';
import { generatePrivateKey } from '../../src/auth/identity.ts';
import { SiteKeys } from '../../src/auth/site-keys.ts';
import { type Claims, Tokens } from '../../src/auth/tokens.ts';
import { Coherence } from '../../src/coherence.ts';
import { systemRandomness as randomness } from '../../src/randomness.ts';
import { MemoryChangeLog } from '../../src/storage/memory/change-log.ts';
import { MemoryFacts } from '../../src/storage/memory/facts.ts';
import { MemorySites } from '../../src/storage/memory/sites.ts';
import { MovableClock, SERVICE, siteNamed } from '../support/auth-stand.ts';

const CLAIMS: Claims = {
  account: 'ann',
  validAfter: 5,
  access: [{ type: 'repository', name: 'acme/app', actions: ['pull'] }],
};

describe('tokens', () => {
  const hereKey = generatePrivateKey();
  const thereKey = generatePrivateKey();
  let clock: MovableClock;
  let coherence: Coherence;
  let sites: MemorySites;
  let keys: SiteKeys;
  let tokens: Tokens;

  beforeEach(() => {
    clock = new MovableClock();
    const facts = new MemoryFacts({ clock });
    coherence = new Coherence(new MemoryChangeLog(facts));
    sites = new MemorySites(facts);
    ({ keys, tokens } = siteWith('here', hereKey));
  });

  function siteWith(site: string, privateKey: string, service = SERVICE) {
    const keys = new SiteKeys({
      identity: { cluster: SERVICE, site, privateKey },
      sites,
      coherence,
    });
    const times = { ttlSeconds: 300, clock };
    return {
      keys,
      tokens: new Tokens({ siteKeys: keys, coherence, randomness, service, ...times }),
    };
  }

  async function verify(token: string): Promise<Claims | undefined> {
    await coherence.catchUp();
    return tokens.verify(token);
  }

  /** A token with this header and payload, well signed unless told otherwise. */
  function forge(
    header: object,
    payload: object = {},
    signature: (input: string) => Buffer = signer(createPrivateKey(hereKey)),
  ): string {
    const own = { alg: 'ES256', typ: 'JWT', kid: keys.own.kid, ...header };
    const input = `${encode(own)}.${encode({ ...goodPayload(), ...payload })}`;
    return `${input}.${signature(input).toString('base64url')}`;
  }

  function goodPayload(): object {
    const now = Math.floor(clock.now().getTime() / 1000);
    const times = { iat: now, nbf: now, exp: now + 300 };
    return { iss: 'here', sub: 'ann', aud: SERVICE, access: [], tokens_valid_after: 0, ...times };
  }

  it('are verified where they were signed, and at every other site', async () => {
    await sites.recordSite(siteNamed('there', thereKey));
    const { token } = siteWith('there', thereKey).tokens.issue(CLAIMS);
    expect(await verify(token)).to.deep.include(CLAIMS);
    expect(await verify(token)).to.deep.include(CLAIMS);
    const limited = { ...CLAIMS, accessToken: 'id' };
    expect(await verify(tokens.issue(limited).token)).to.deep.include(limited);
  });

  it('of a site that is cut off are refused at once, remembered ones too', async () => {
    await sites.recordSite(siteNamed('there', thereKey));
    const { token } = siteWith('there', thereKey).tokens.issue(CLAIMS);
    expect(await verify(token)).to.deep.include(CLAIMS);
    await sites.deleteSite('there');
    expect(await verify(token)).to.equal(undefined);
  });

  it('of a site nobody knows are refused', async () => {
    const { token } = siteWith('there', thereKey).tokens.issue(CLAIMS);
    expect(await verify(token)).to.equal(undefined);
  });

  it('end with their time and a minute of leeway, remembered ones too (T15)', async () => {
    const { token } = tokens.issue(CLAIMS);
    expect(await verify(token)).to.deep.include(CLAIMS);
    clock.pass(359);
    expect(await verify(token)).to.deep.include(CLAIMS);
    expect(await siteWith('here', hereKey).tokens.verify(token)).to.deep.include(CLAIMS);
    clock.pass(1);
    expect(await verify(token)).to.equal(undefined);
    expect(await siteWith('here', hereKey).tokens.verify(token)).to.equal(undefined);
  });

  it('for another service are refused (A20)', async () => {
    const { token } = siteWith('here', hereKey, `${SERVICE}/site`).tokens.issue(CLAIMS);
    expect(await verify(token)).to.equal(undefined);
  });

  it('are accepted as forged here when nothing is wrong with them', async () => {
    expect(await verify(forge({}))).to.include({ account: 'ann' });
  });

  it('with another algorithm are refused (A19)', async () => {
    const publicPem = keys.own.publicKey.export({ type: 'spki', format: 'pem' });
    const hmac = (input: string) => createHmac('sha256', publicPem).update(input).digest();
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    expect(await verify(forge({ alg: 'none' }, {}, empty))).to.equal(undefined);
    expect(await verify(forge({ alg: 'None' }, {}, empty))).to.equal(undefined);
    expect(await verify(forge({}, {}, empty))).to.equal(undefined);
    expect(await verify(forge({ alg: 'HS256' }, {}, hmac))).to.equal(undefined);
    expect(await verify(forge({}, {}, hmac))).to.equal(undefined);
    expect(await verify(forge({ alg: 'RS256' }, {}, signer(rsa)))).to.equal(undefined);
  });

  it('that bring a key, or the place of one, are refused (A19)', async () => {
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = stranger.publicKey.export({ format: 'jwk' });
    const own = signer(stranger.privateKey);
    for (const header of [
      { jwk },
      { x5c: ['MIIB'] },
      { jku: 'http://127.0.0.1:1/keys' },
      { x5u: 'http://127.0.0.1:1/cert' },
      { crit: ['exp'] },
      { b64: false },
    ]) {
      expect(await verify(forge(header, {}, own)), JSON.stringify(header)).to.equal(undefined);
      expect(await verify(forge(header)), JSON.stringify(header)).to.equal(undefined);
    }
    expect(await verify(forge({}, {}, own))).to.equal(undefined);
  });

  it('with a key id that is none of ours are refused (A19)', async () => {
    const ids = ['', '../../etc/passwd', "' OR 1=1 --", '__proto__', 'here', 7, null, ['a'], {}];
    for (const kid of ids)
      expect(await verify(forge({ kid })), JSON.stringify(kid)).to.equal(undefined);
  });

  it('without a time, or from the future, are refused (A23)', async () => {
    const later = Math.floor(clock.now().getTime() / 1000) + 61;
    const wrong = [
      { iat: undefined },
      { nbf: undefined },
      { exp: undefined },
      { exp: '9999999999' },
      { iat: later },
      { nbf: later },
    ];
    for (const payload of wrong) {
      expect(await verify(forge({}, payload)), JSON.stringify(payload)).to.equal(undefined);
    }
    expect(await verify(forge({}, { iat: later - 2, nbf: later - 2 }))).to.include({
      account: 'ann',
    });
  });

  it('that lack what ours have, or name another issuer, are refused', async () => {
    for (const payload of [
      { iss: 'there' },
      { iss: undefined },
      { aud: undefined },
      { aud: 'other' },
      { sub: undefined },
      { sub: 7 },
      { access: undefined },
      { access: 'repository:a:pull' },
      { tokens_valid_after: undefined },
    ]) {
      expect(await verify(forge({}, payload)), JSON.stringify(payload)).to.equal(undefined);
    }
  });

  it('that are no tokens are refused', async () => {
    const { token } = tokens.issue(CLAIMS);
    const [header, payload, signature] = token.split('.');
    const changed = Buffer.from(signature!, 'base64url');
    changed[5]! ^= 1;
    for (const text of [
      '',
      '.',
      '..',
      'a.b.c',
      `${header}.${payload}`,
      `${header}.${payload}.`,
      `${header}.${payload}.${changed.toString('base64url')}`,
      `${encode(null as unknown as object)}.${payload}.${signature}`,
      'x'.repeat(20_000),
    ]) {
      expect(await verify(text), text.slice(0, 30)).to.equal(undefined);
    }
  });

  it('are verified with keys that are published, each under its thumbprint', async () => {
    await sites.recordSite(siteNamed('there', thereKey));
    await sites.recordSite({ ...siteNamed('odd', thereKey), publicKey: { kty: 'oct', k: 'AAAA' } });
    const broken = { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' };
    await sites.recordSite({ ...siteNamed('broken', thereKey), publicKey: broken });
    const { keys: published } = await keys.list();
    expect(published.map((key) => key['kid'])).to.deep.equal([
      keys.own.kid,
      siteWith('there', thereKey).keys.own.kid,
    ]);
    expect(published.every((key) => !('d' in key) && key['alg'] === 'ES256')).to.equal(true);
  });
});

function empty(): Buffer {
  return Buffer.alloc(0);
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function signer(key: KeyObject): (input: string) => Buffer {
  return (input) => sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
}
