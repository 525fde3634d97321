import { expect } from 'chai';
import {
  ADMIN_PASSWORD,
  type AuthStand,
  basic,
  grant,
  openAuthStand,
} from '../../../support/auth-stand.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

interface Profile {
  readonly account: string;
  readonly csrfToken: string;
}

describe('/api/v1/session', () => {
  let stand: AuthStand;

  beforeEach(async () => {
    stand = await openAuthStand();
    await stand.addAccount('ann', [grant('acme/**', 'pull')]);
  });

  afterEach(() => stand.close());

  /** @param route method and path */
  function call(route: string, headers = {}, body?: unknown) {
    const [method = '', path = ''] = route.split(' ');
    return fetch(`${stand.url}/api/v1${path}`, {
      method,
      headers: { ...JSON_TYPE, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  function post(account: string, password = ADMIN_PASSWORD, headers = {}) {
    return call('POST /session', headers, { account, password });
  }

  function ask(form: Record<string, string>) {
    return fetch(`${stand.url}/jwt/auth`, { method: 'POST', body: new URLSearchParams(form) });
  }

  /** The headers of a browser that is signed in, on a page of ours. */
  async function signIn(account: string) {
    const answer = await post(account);
    expect(answer.status).to.equal(200);
    const cookie = answer.headers.get('set-cookie')!.split(';')[0]!;
    const { csrfToken } = (await answer.json()) as Profile;
    return { cookie, 'meridian-csrf': csrfToken };
  }

  it('signs in with a cookie that no script and no other site has', async () => {
    const answer = await post('ann');
    const cookie = answer.headers.get('set-cookie')!;
    expect(cookie).to.match(/^meridian_session=mrr_[\w-]{43}; Path=\/api\/v1; Max-Age=43200; /);
    expect(cookie).to.match(/HttpOnly; SameSite=Strict$/);
    expect(answer.headers.get('cache-control')).to.equal('no-store');
    const body = (await answer.json()) as Profile;
    const grants = [{ pattern: 'acme/**', actions: ['pull'] }];
    const { csrfToken } = body;
    const profile = { account: 'ann', kind: 'person', isAdministrator: false, grants, csrfToken };
    expect(body).to.deep.equal(profile);
    const { cookie: own } = await signIn('ann');
    expect(await (await call('GET /session', { cookie: own })).json()).to.include({
      account: 'ann',
    });
  });

  it('says who they are to whoever shows a password, and 401 to nobody', async () => {
    const known = await call('GET /session', basic('admin'));
    expect(await known.json()).to.include({ account: 'admin', isAdministrator: true });
    const { status, headers } = await call('GET /session');
    expect([status, headers.get('www-authenticate')]).to.deep.equal([401, null]);
  });

  it('does what the account may, and nothing besides', async () => {
    const [admin, ann] = [await signIn('admin'), await signIn('ann')];
    expect((await call('GET /accounts', admin)).status).to.equal(200);
    expect((await call('GET /accounts', ann)).status).to.equal(403);
    const own = await call('POST /accounts/ann/access-tokens', ann, { label: 'docker' });
    expect(own.status).to.equal(201);
  });

  it('refuses a write that does not show what only our own page can know (A26g)', async () => {
    const { cookie, 'meridian-csrf': token } = await signIn('admin');
    const other = await signIn('ann');
    const forgeries = [
      { cookie },
      { cookie, 'meridian-csrf': '' },
      { cookie, 'meridian-csrf': `${token}x` },
      { cookie, 'meridian-csrf': other['meridian-csrf'] },
      { cookie, 'meridian-csrf': token, 'sec-fetch-site': 'cross-site' },
      { cookie, 'meridian-csrf': token, 'sec-fetch-site': 'same-site' },
    ];
    for (const forgery of forgeries) {
      expect((await call('DELETE /accounts/ann', forgery)).status).to.equal(403);
    }
    expect(await stand.accounts.findAccount('ann')).to.not.equal(undefined);
    const own = { cookie, 'meridian-csrf': token, 'sec-fetch-site': 'same-origin' };
    expect((await call('DELETE /accounts/ann', own)).status).to.equal(204);
  });

  it('refuses foreign pages by a password that the browser kept, too (A26g)', async () => {
    for (const site of ['cross-site', 'same-site']) {
      const forgery = { ...basic('admin'), 'sec-fetch-site': site };
      expect((await call('DELETE /accounts/ann', forgery)).status, site).to.equal(403);
    }
    expect(await stand.accounts.findAccount('ann')).to.not.equal(undefined);
  });

  it('lets no foreign page sign anybody in, and grants none to read answers (A26g)', async () => {
    const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
    expect((await post('ann', ADMIN_PASSWORD, foreign)).status).to.equal(403);
    const form = { 'content-type': 'text/plain' };
    expect((await post('ann', ADMIN_PASSWORD, form)).status).to.equal(415);
    const asked = await call('GET /session', { ...basic('ann'), ...foreign });
    expect(asked.headers.get('access-control-allow-origin')).to.equal(null);
    expect(asked.headers.get('access-control-allow-credentials')).to.equal(null);
  });

  it('signs out for good, and twice', async () => {
    const own = await signIn('ann');
    for (let times = 0; times < 2; times += 1) {
      const answer = await call('DELETE /session', own);
      expect(answer.headers.get('set-cookie')).to.match(/^meridian_session=; .*Max-Age=0/);
      expect((await call('GET /session', own)).status).to.equal(401);
      expect(answer.status).to.equal(204);
    }
  });

  it('ends with age, a new password and the account (A23)', async () => {
    const own = await signIn('ann');
    const change = { password: 'another-long-word' };
    expect((await call('PUT /accounts/ann/password', own, change)).status).to.equal(204);
    expect((await call('GET /session', own)).status).to.equal(401);
    await stand.addAccount('bob', []);
    const bob = await signIn('bob');
    await stand.addAccount('bob', [], { isDisabled: true });
    expect((await call('GET /session', bob)).status).to.equal(401);
    const admin = await signIn('admin');
    stand.clock.pass(12 * 60 * 60 + 1);
    expect((await call('GET /session', admin)).status).to.equal(401);
  });

  it('answers wrong passwords as unknown names, and locks guessers out (A26d, A26e)', async () => {
    const [wrong, unknown] = [await post('ann', 'wrong'), await post('zoe', 'wrong')];
    expect([wrong.status, unknown.status]).to.deep.equal([401, 401]);
    expect(await wrong.text()).to.equal(await unknown.text());
    expect(wrong.headers.get('www-authenticate')).to.equal(null);
    for (let tries = 1; tries < 10; tries += 1) await post('ann', `wrong ${tries}`);
    const locked = await post('ann');
    expect(locked.status).to.equal(429);
    expect(Number(locked.headers.get('retry-after'))).to.be.within(1, 900);
  });

  it('is no refresh token, and a refresh token is no session (A24)', async () => {
    const { cookie } = await signIn('ann');
    const secret = cookie.split('=')[1]!;
    const fields = { service: 'meridian', client_id: 'test' };
    const stolen = { ...fields, grant_type: 'refresh_token', refresh_token: secret };
    expect((await ask(stolen)).status).to.equal(401);
    const logIn = { ...fields, grant_type: 'password', access_type: 'offline' };
    const log = await ask({ ...logIn, username: 'ann', password: ADMIN_PASSWORD });
    const { refresh_token: refresh } = (await log.json()) as { refresh_token: string };
    const taken = await call('GET /session', { cookie: `meridian_session=${refresh}` });
    expect(taken.status).to.equal(401);
  });
});
