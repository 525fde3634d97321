import { expect } from 'chai';
import type { Proof } from '../../src/auth/issuer.ts';
import {
  ADMIN_PASSWORD,
  type AuthStand,
  basic,
  grant,
  KEEPER,
  openAuthStand,
  SERVICE,
} from '../support/auth-stand.ts';
import { repositoryNamed } from '../support/content.ts';

const ADDRESS = '192.0.2.1';
const APP = repositoryNamed('acme/app');
const SCOPES = ['repository:acme/app:pull,push'];
const ANONYMOUS: Proof = { kind: 'anonymous' };

describe('authenticator', () => {
  let stand: AuthStand;

  beforeEach(async () => {
    stand = await openAuthStand(['public/**']);
    await stand.addAccount('ann', [grant('acme/**', 'pull', 'push')]);
  });

  afterEach(() => stand.close());

  async function tokenFor(secret: string | undefined, scopes = SCOPES): Promise<string> {
    const attempt = { name: 'ann', secret: secret ?? '', address: ADDRESS };
    const proof: Proof = secret === undefined ? ANONYMOUS : { kind: 'password', attempt };
    const request = { proof, service: SERVICE, scopes, wantsRefreshToken: false };
    return (await stand.issuer.issue(request)).token;
  }

  function show(authorization: string | undefined) {
    return stand.authenticator.authenticate(authorization, ADDRESS);
  }

  async function callerOf(authorization: string | undefined) {
    const found = await show(authorization);
    if (found.kind === 'known') return found.caller;
    throw new Error(found.reason);
  }

  async function createAccessToken(expiresInSeconds?: number) {
    const expiresAt = new Date(stand.clock.now().getTime() + (expiresInSeconds ?? 0) * 1000);
    const expiry = expiresInSeconds === undefined ? {} : { expiresAt };
    const limits = { actions: ['pull'] as const, patterns: [] };
    return stand.roster.createAccessToken(
      { account: 'ann', label: 'ci', ...limits, ...expiry },
      KEEPER,
    );
  }

  /** Milliseconds that a wrong password takes. */
  async function timeOf(name: string, count: number): Promise<number> {
    const started = performance.now();
    await show(basic(name, `wrong-password-${count}`).authorization);
    return performance.now() - started;
  }

  const INVALID = { kind: 'refused', reason: 'invalid_token' };
  const WRONG = { kind: 'refused', reason: 'wrong_credentials' };

  it('takes nobody for nobody', async () => {
    const caller = await callerOf(undefined);
    expect(caller).to.deep.include({ account: '', isAuthenticated: false });
    expect(caller.judge('pull', repositoryNamed('public/a'))).to.equal('ask');
  });

  it('knows the account of a token', async () => {
    const caller = await callerOf(`bearer ${await tokenFor(ADMIN_PASSWORD)}`);
    expect(caller).to.deep.include({ account: 'ann', isAuthenticated: true });
    expect(caller.judge('push', APP)).to.equal('granted');
    expect(caller.judge('delete', APP)).to.equal('denied');
  });

  it('lets an anonymous token pull what is public, and no more (A21)', async () => {
    const token = await tokenFor(undefined, ['repository:public/a:pull,push', ...SCOPES]);
    const caller = await callerOf(`Bearer ${token}`);
    expect(caller).to.deep.include({ account: '', isAuthenticated: true });
    expect(caller.judge('pull', repositoryNamed('public/a'))).to.equal('granted');
    expect(caller.judge('push', repositoryNamed('public/a'))).to.equal('denied');
    expect(caller.judge('pull', APP)).to.equal('denied');
  });

  it('takes a name and a password, for people with curl', async () => {
    const caller = await callerOf(basic('admin').authorization);
    expect(caller).to.include({ account: 'admin', isAdministrator: true });
    expect(await show(basic('ann', 'wrong-password').authorization)).to.deep.equal(WRONG);
  });

  it('refuses what is neither, and never takes it for nobody', async () => {
    for (const text of ['', 'Bearer', 'Basic', 'Basic Og==', 'Digest a', 'Basic \u0000']) {
      expect(await show(text), text).to.deep.equal(WRONG);
    }
    for (const text of ['Bearer x', 'Bearer a.b.c', 'BEARER mrr_abc']) {
      expect(await show(text), text).to.deep.equal(INVALID);
    }
  });

  it('refuses a token whose account is disabled, deleted or made anew (A23)', async () => {
    const header = `Bearer ${await tokenFor(ADMIN_PASSWORD)}`;
    expect((await show(header)).kind).to.equal('known');
    await stand.roster.changeAccount('ann', { isDisabled: true }, KEEPER);
    expect(await show(header)).to.deep.equal(INVALID);
    expect(await show(basic('ann').authorization)).to.deep.equal(WRONG);
    await stand.roster.changeAccount('ann', { isDisabled: false }, KEEPER);
    expect((await show(header)).kind).to.equal('known');
    stand.clock.pass(1);
    await stand.roster.deleteAccount('ann', KEEPER);
    expect(await show(header)).to.deep.equal(INVALID);
    await stand.roster.changeAccount('ann', { grants: [grant('**', 'pull')] }, KEEPER);
    expect(await show(header)).to.deep.equal(INVALID);
  });

  it('refuses tokens from before a new password, and takes those from after (A23)', async () => {
    const before = await tokenFor(ADMIN_PASSWORD);
    stand.clock.pass(0.2);
    await stand.roster.changePassword('ann', 'another-password', KEEPER);
    const after = await tokenFor('another-password');
    expect(await show(`Bearer ${before}`)).to.deep.equal(INVALID);
    expect((await show(`Bearer ${after}`)).kind).to.equal('known');
  });

  it('asks at each request what the account may now (A23)', async () => {
    const header = `Bearer ${await tokenFor(ADMIN_PASSWORD)}`;
    expect((await callerOf(header)).judge('push', APP)).to.equal('granted');
    await stand.roster.changeAccount('ann', { grants: [grant('acme/**', 'pull')] }, KEEPER);
    expect((await callerOf(header)).judge('push', APP)).to.equal('denied');
    expect((await callerOf(header)).judge('pull', APP)).to.equal('granted');
  });

  describe('with an access token', () => {
    it('gives what it names, in bearer tokens too', async () => {
      const { secret } = await createAccessToken();
      const direct = await callerOf(basic('ann', secret).authorization);
      expect(direct.judge('pull', APP)).to.equal('granted');
      expect(direct.judge('push', APP)).to.equal('denied');
      const caller = await callerOf(`Bearer ${await tokenFor(secret)}`);
      expect(caller.judge('push', APP)).to.equal('denied');
      expect(caller.mayManage('ann')).to.equal(false);
    });

    it('refuses its secret under another name, and other secrets under its id (A56)', async () => {
      const { secret } = await createAccessToken();
      expect(await show(basic('admin', secret).authorization)).to.deep.equal(WRONG);
      const other = `${secret.slice(0, -1)}${secret.endsWith('A') ? 'B' : 'A'}`;
      expect(await show(basic('ann', other).authorization)).to.deep.equal(WRONG);
    });

    it('ends with it, and so do the bearer tokens that it was asked with (A23)', async () => {
      const { token, secret } = await createAccessToken();
      const header = `Bearer ${await tokenFor(secret)}`;
      expect((await show(header)).kind).to.equal('known');
      await stand.roster.deleteAccessToken('ann', token.id);
      expect(await show(header)).to.deep.equal(INVALID);
      expect(await show(basic('ann', secret).authorization)).to.deep.equal(WRONG);
    });

    it('ends at its time', async () => {
      const { secret } = await createAccessToken(100);
      const header = `Bearer ${await tokenFor(secret)}`;
      stand.clock.pass(100);
      expect(await show(header)).to.deep.equal(INVALID);
      expect(await show(basic('ann', secret).authorization)).to.deep.equal(WRONG);
    });
  });

  it('takes as long for an unknown name as for a wrong password (A26d)', async () => {
    const ratios: number[] = [];
    // By turns, so that whatever else this machine does slows both.
    for (let count = 0; count < 9; count += 1) {
      ratios.push((await timeOf('nobody', count)) / (await timeOf('ann', count)));
    }
    // Without the decoy an unknown name takes a hundredth of the time.
    expect(ratios.sort((one, other) => one - other)[4]).to.be.within(0.2, 5);
  });
});
