import { expect } from 'chai';
import { openMemoryPorts, type TestPorts } from '../../../support/ports.ts';
import { ADMIN, startPrimary, type TestSite } from '../../../two-sites/site.ts';
import { Browser, CLIENT, openProvider, type TestProvider } from './identity-provider.ts';
import { sender } from './send.ts';

const START = '/api/v1/session/provider';

function patternsOf({ grants }: { grants: { pattern: string }[] }): string[] {
  return grants.map(({ pattern }) => pattern);
}

describe('signing in by an identity provider', () => {
  let provider: TestProvider;
  let ports: TestPorts;
  let site: TestSite;
  let send: ReturnType<typeof sender>;

  before(async () => {
    provider = await openProvider();
    ports = await openMemoryPorts();
    site = await startPrimary('tokyo', ports, {
      MERIDIAN_OIDC_ISSUER: provider.issuer,
      MERIDIAN_OIDC_CLIENT_ID: CLIENT.id,
      MERIDIAN_OIDC_CLIENT_SECRET: CLIENT.secret,
      MERIDIAN_OIDC_NETWORKS: provider.networks,
    });
    provider.serve(`${site.url}${START}/callback`);
    const asAdmin = { authorization: `Basic ${btoa(`${ADMIN.user}:${ADMIN.password}`)}` };
    const plain = sender(site);
    send = (route: string, body?: unknown, as?: Record<string, string>) =>
      plain(route, body, as ?? asAdmin);
    await send('PUT /account_groups/devs', {
      externalName: 'example-devs',
      grants: [{ pattern: 'acme/**', actions: ['pull', 'push'] }],
    });
    await send('PUT /account_groups/friends', {
      grants: [{ pattern: 'open/**', actions: ['pull'] }],
    });
  });

  after(async () => {
    await site.stop();
    await provider.close();
  });

  /** The whole way; the answer that ends it. */
  async function signIn(login: string, browser = new Browser(), query = ''): Promise<Response> {
    const back = await browser.signInAt(`${site.url}${START}${query}`, provider, login);
    return browser.open(back);
  }

  /** What the site says of whoever sits at that browser. */
  async function whoIs(browser: Browser) {
    const cookie = [...browser.cookiesOf(site.url)].map((pair) => pair.join('=')).join('; ');
    return (await send('GET /session', undefined, { cookie })).body;
  }

  it('makes an account with the groups that the provider names', async () => {
    provider.people.set('u1', { preferred_username: 'Amy.Lee', groups: ['example-devs', 'other'] });
    const browser = new Browser();
    const answer = await signIn('u1', browser, '?return_to=/console/images%3Fpage=2');
    expect([answer.status, answer.headers.get('location')]).to.deep.equal([
      302,
      '/console/images?page=2',
    ]);
    expect([...browser.cookiesOf(site.url).keys()]).to.deep.equal(['meridian_session']);
    const profile = await whoIs(browser);
    expect(profile).to.deep.include({ account: 'amy.lee', kind: 'person', isAdministrator: false });
    expect(patternsOf(profile)).to.deep.equal(['acme/**']);
    const { body } = await send('GET /accounts/amy.lee');
    expect(body).to.include({ subject: `${provider.issuer} u1`, hasPassword: false });
    const [act] = (await send('GET /audit?path=/api/v1/session/provider')).body.acts;
    expect(act).to.deep.include({ actor: 'amy.lee', outcome: 'done', status: 302 });
  });

  it('leaves the groups that are named no more, and keeps those of ours (A23)', async () => {
    provider.people.set('u2', { preferred_username: 'ben', groups: ['example-devs'] });
    const browser = new Browser();
    await signIn('u2', browser);
    await send('PUT /account_groups/friends/members/ben');
    expect(patternsOf(await whoIs(browser))).to.have.members(['acme/**', 'open/**']);
    provider.people.set('u2', { preferred_username: 'ben', groups: [] });
    await signIn('u2');
    expect(patternsOf(await whoIs(browser))).to.deep.equal(['open/**']);
  });

  it('knows people by what the provider calls them for good, and by no name', async () => {
    provider.people.set('u3', { preferred_username: 'admin' });
    const stolen = await signIn('u3');
    expect(stolen.status).to.equal(403);
    expect(stolen.headers.getSetCookie().join()).to.not.include('meridian_session');
    provider.people.set('u3', { preferred_username: 'carl' });
    await signIn('u3');
    provider.people.set('u3', { preferred_username: 'renamed' });
    const browser = new Browser();
    await signIn('u3', browser);
    expect(await whoIs(browser)).to.include({ account: 'carl' });
    await send('PUT /accounts/carl', { isDisabled: true });
    expect((await signIn('u3')).status).to.equal(403);
  });

  it('gives people access tokens for docker, which their rights limit', async () => {
    provider.people.set('u4', { preferred_username: 'dora', groups: ['example-devs'] });
    const browser = new Browser();
    await signIn('u4', browser);
    const { csrfToken } = await whoIs(browser);
    const cookie = `meridian_session=${browser.cookiesOf(site.url).get('meridian_session')}`;
    const own = { cookie, 'meridian-csrf': csrfToken };
    const made = await send('POST /accounts/dora/access-tokens', { label: 'docker' }, own);
    expect(made.status).to.equal(201);
    const challenge = (await fetch(`${site.url}/v2/`)).headers.get('www-authenticate')!;
    const service = /service="([^"]+)"/.exec(challenge)![1]!;
    const query = `service=${service}&scope=repository:acme/app:pull`;
    const authorization = `Basic ${btoa(`dora:${made.body.secret}`)}`;
    const logIn = await fetch(`${site.url}/jwt/auth?${query}`, { headers: { authorization } });
    expect(logIn.status).to.equal(200);
  });

  it('leads back to places of this site alone (A26f)', async () => {
    provider.people.set('u5', { preferred_username: 'eve' });
    for (const place of ['//evil.example', '/\\evil.example', 'https://evil.example']) {
      const answer = await signIn('u5', new Browser(), `?return_to=${encodeURIComponent(place)}`);
      expect(answer.headers.get('location'), place).to.equal('/console/');
    }
  });

  it('believes nothing that another browser, or an earlier attempt, brings back', async () => {
    provider.people.set('u6', { preferred_username: 'finn' });
    const browser = new Browser();
    const back = await browser.signInAt(`${site.url}${START}`, provider, 'u6');
    expect((await new Browser().open(back)).status, 'no cookie').to.equal(401);
    const other = new Browser();
    await other.open(`${site.url}${START}`);
    expect((await other.open(back)).status, 'the cookie of another attempt').to.equal(401);
    const forged = new URL(back);
    forged.searchParams.set('state', 'x'.repeat(43));
    expect((await browser.open(forged.href)).status, 'another state').to.equal(401);
    expect((await browser.open(back)).status).to.equal(302);
    const refused = `${site.url}${START}/callback?error=access_denied`;
    expect((await browser.open(refused)).status).to.equal(401);
  });

  it('takes no ID token with another algorithm than the one that is settled (A19)', async () => {
    provider.people.set('u7', { preferred_username: 'gus' });
    provider.serve(`${site.url}${START}/callback`, 'ES256');
    expect((await signIn('u7')).status).to.equal(401);
    provider.serve(`${site.url}${START}/callback`);
  });

  it('says how one may sign in', async () => {
    const { body } = await send('GET /session/methods', undefined, {});
    expect(body).to.deep.equal({
      password: true,
      provider: { label: 'Single sign-on', path: START },
    });
  });
});
