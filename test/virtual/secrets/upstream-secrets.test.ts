import { expect } from 'chai';
import type { VirtualUpstream } from '../../../src/oci/virtual-registry.ts';
import { systemRandomness as randomness } from '../../../src/randomness.ts';
import { MemorySecretKeyStore } from '../../../src/storage/memory/secret-key.ts';
import { RemoteFailure } from '../../../src/storage/virtual/remotes.ts';
import { findSecretKey, UpstreamSecrets } from '../../../src/virtual/secrets/upstream-secrets.ts';
import { upstreamNamed } from '../../support/virtual/cached.ts';

const secrets = new UpstreamSecrets(Buffer.alloc(32, 1), randomness);

/** With this sealed text as its password. */
function withPassword(name: string, url: string, sealedPassword: string): VirtualUpstream {
  const plain = upstreamNamed(name, { url });
  const credentials = { username: 'ann', sealedPassword, version: '1' };
  return { ...plain, origin: { ...plain.origin, credentials } } as VirtualUpstream;
}

function failureOf(attempt: () => unknown): RemoteFailure {
  try {
    attempt();
  } catch (error) {
    expect(error).to.be.instanceOf(RemoteFailure);
    return error as RemoteFailure;
  }
  throw new Error('it was opened');
}

describe('passwords of upstreams', () => {
  const url = 'https://hub.test/mirror';
  const sealed = secrets.seal('secret', { name: 'hub', url });

  it('open for their upstream, whatever path it has', () => {
    expect(secrets.open(withPassword('hub', url, sealed))).to.equal('secret');
    expect(secrets.open(withPassword('hub', 'https://hub.test', sealed))).to.equal('secret');
  });

  it('A29 open for no other upstream, and at no other registry', () => {
    const wrong = [
      withPassword('quay', url, sealed),
      withPassword('hub', 'https://evil.test/mirror', sealed),
      withPassword('hub', 'http://hub.test/mirror', sealed),
      withPassword('hub', 'https://hub.test:8443/mirror', sealed),
    ];
    for (const upstream of wrong) {
      const failure = failureOf(() => secrets.open(upstream));
      expect(failure).to.include({ fault: 'refused' });
      expect(failure.message).to.equal(
        `the password of the upstream ${upstream.name} was sealed for another upstream or URL, ` +
          'or is damaged: give it again',
      );
    }
  });

  it('say in one sentence that the key is another one, or missing', () => {
    const upstream = withPassword('hub', url, sealed);
    const other = new UpstreamSecrets(Buffer.alloc(32, 2), randomness);
    expect(failureOf(() => other.open(upstream)).message).to.equal(
      'the password of the upstream hub was sealed under another key than this site has: set ' +
        'MERIDIAN_SECRET_KEY to the same key at all sites of the cluster, or give it again',
    );
    const none = new UpstreamSecrets(undefined, randomness);
    const sentence =
      'the password of the upstream hub needs the key of the cluster, which this site was never ' +
      'given: set MERIDIAN_SECRET_KEY to the same key at all sites of the cluster';
    expect(failureOf(() => none.open(upstream)).message).to.equal(sentence);
    expect(failureOf(() => none.seal('x', { name: 'hub', url })).message).to.equal(sentence);
  });

  it('are none where the upstream has no credentials', () => {
    expect(failureOf(() => secrets.open(upstreamNamed('hub'))).message).to.equal(
      'the upstream hub has no credentials',
    );
  });
});

function find(secretKeyStore: MemorySecretKeyStore, isPrimary: boolean, given?: Buffer) {
  return findSecretKey({ secretKeyStore, randomness, isPrimary, given });
}

describe('the key of a site', () => {
  it('is made by the first start of a primary, and kept', async () => {
    const store = new MemorySecretKeyStore();
    expect(await find(store, false)).to.equal(undefined);
    const made = await find(store, true);
    expect(made).to.have.lengthOf(32);
    expect(await find(store, true)).to.deep.equal(made);
    expect(await find(store, false)).to.deep.equal(made);
    expect(await find(new MemorySecretKeyStore(), true)).not.to.deep.equal(made);
  });

  it('is what the operator settled, and then nothing is kept', async () => {
    const store = new MemorySecretKeyStore();
    const given = Buffer.alloc(32, 9);
    expect(await find(store, true, given)).to.deep.equal(given);
    expect(await store.find()).to.equal(undefined);
  });
});
