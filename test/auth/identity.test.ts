import { expect } from 'chai';
import {
  announceSite,
  ensureAdministrator,
  establishIdentity,
  generatePrivateKey,
} from '../../src/auth/identity.ts';
import { isPassword } from '../../src/auth/passwords.ts';
import { systemRandomness as randomness } from '../../src/randomness.ts';
import { MemoryAccounts } from '../../src/storage/memory/accounts.ts';
import { MemoryFacts } from '../../src/storage/memory/facts.ts';
import { MemoryIdentityStore } from '../../src/storage/memory/identity.ts';
import { MemorySites } from '../../src/storage/memory/sites.ts';
import { MovableClock } from '../support/auth-stand.ts';

const NAMES = { cluster: 'meridian', site: 'here' };

describe('identity', () => {
  const clock = new MovableClock();

  it('is made once, whoever comes first', async () => {
    const store = new MemoryIdentityStore();
    const [one, other] = await Promise.all([
      establishIdentity(store, NAMES),
      establishIdentity(store, NAMES),
    ]);
    expect(one).to.deep.equal(other);
    expect(await establishIdentity(store, NAMES)).to.deep.equal(one);
  });

  it('refuses the data of another site', async () => {
    const store = new MemoryIdentityStore();
    await establishIdentity(store, NAMES);
    const found = await establishIdentity(store, { ...NAMES, site: 'there' }).catch(String);
    expect(found).to.include('belongs to the site "here"');
  });

  it('is announced once, and again when its URL changes', async () => {
    const facts = new MemoryFacts({ clock });
    const sites = new MemorySites(facts);
    const identity = { ...NAMES, privateKey: generatePrivateKey() };
    await announceSite(sites, identity, { url: 'http://here.example' });
    await announceSite(sites, identity, { url: 'http://here.example' });
    expect(facts.head).to.equal(1);
    await announceSite(sites, identity, { url: 'https://here.example' });
    expect(await sites.findSite('here')).to.include({ url: 'https://here.example' });
    expect((await sites.findSite('here'))?.publicKey).not.to.have.property('d');
  });

  it('is announced with its place, which stays where nobody says it again', async () => {
    const sites = new MemorySites(new MemoryFacts({ clock }));
    const identity = { ...NAMES, privateKey: generatePrivateKey() };
    const url = 'http://here.example';
    const place = { latitude: 38.72, longitude: -9.14 };
    await announceSite(sites, identity, { url, place });
    const known = (await sites.findSite('here'))!;
    await sites.recordSite({ ...known, isPaused: true });
    await announceSite(sites, identity, { url });
    expect(await sites.findSite('here')).to.deep.include({ url, place, isPaused: true });
    const moved = { latitude: 0, longitude: 0 };
    await announceSite(sites, identity, { url, place: moved });
    expect(await sites.findSite('here')).to.deep.include({ place: moved, isPaused: true });
  });

  describe('the first administrator', () => {
    it('gets the password that is given, and none is told', async () => {
      const accounts = new MemoryAccounts(new MemoryFacts({ clock }));
      const dependencies = { accounts, clock, randomness };
      expect(await ensureAdministrator(dependencies, 'given-password')).to.equal(undefined);
      const account = (await accounts.findAccount('admin'))!;
      expect(await isPassword('given-password', account.passwordHash!)).to.equal(true);
      expect(account.passwordHash).to.match(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    });

    it('never gets one that is too short or too long', async () => {
      for (const password of ['', 'short', 'x'.repeat(1025)]) {
        const accounts = new MemoryAccounts(new MemoryFacts({ clock }));
        const refused = ensureAdministrator({ accounts, clock, randomness }, password);
        expect(await refused.catch(String)).to.include('cannot have this password');
        expect(await accounts.findAccount('admin')).to.equal(undefined);
      }
    });

    it('is made by the first of two machines, and only that one tells a password', async () => {
      const accounts = new MemoryAccounts(new MemoryFacts({ clock }));
      const dependencies = { accounts, clock, randomness };
      const told = await Promise.all([
        ensureAdministrator(dependencies, undefined),
        ensureAdministrator(dependencies, undefined),
      ]);
      const [password, ...others] = told.filter((each) => each !== undefined);
      expect(others).to.deep.equal([]);
      const { passwordHash } = (await accounts.findAccount('admin'))!;
      expect(await isPassword(password!, passwordHash!)).to.equal(true);
    });

    it('gets one that is made up and told once, where none is given (A26c)', async () => {
      const accounts = new MemoryAccounts(new MemoryFacts({ clock }));
      const dependencies = { accounts, clock, randomness };
      const password = (await ensureAdministrator(dependencies, undefined))!;
      expect(password).to.match(/^[\w-]{24}$/);
      const { passwordHash } = (await accounts.findAccount('admin'))!;
      expect(await isPassword(password, passwordHash!)).to.equal(true);
      expect(await ensureAdministrator(dependencies, 'another-one')).to.equal(undefined);
      expect(await isPassword('another-one', passwordHash!)).to.equal(false);
    });
  });
});
