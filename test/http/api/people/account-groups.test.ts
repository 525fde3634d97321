import { expect } from 'chai';
import { type AuthStand, basic, grant, openAuthStand } from '../../../support/auth-stand.ts';
import { sender } from './send.ts';

describe('/api/v1/account_groups', () => {
  let stand: AuthStand;
  let send: ReturnType<typeof sender>;

  beforeEach(async () => {
    stand = await openAuthStand();
    send = sender(stand);
    await stand.addAccount('ann', [grant('own/*', 'pull')]);
    await stand.addAccount('bob', []);
  });

  afterEach(() => stand.close());

  const GRANTS = [{ pattern: 'acme/**', actions: ['pull', 'push'] }];

  async function makeGroup(name: string, ...members: string[]) {
    expect((await send(`PUT /account_groups/${name}`, { grants: GRANTS })).status).to.equal(201);
    for (const member of members) {
      const { status } = await send(`PUT /account_groups/${name}/members/${member}`);
      expect(status).to.equal(204);
    }
  }

  /** What a token holds that is asked for these rights. */
  async function actionsOf(name: string): Promise<readonly string[]> {
    const scope = 'repository:acme/app:pull,push';
    const query = new URLSearchParams({ service: 'meridian', scope }).toString();
    const answer = await fetch(`${stand.url}/jwt/auth?${query}`, { headers: basic(name) });
    const { token } = (await answer.json()) as { token: string };
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
    return claims.access[0].actions;
  }

  it('are administered by administrators alone (A26b)', async () => {
    await makeGroup('devs');
    const routes = [
      'GET /account_groups',
      'GET /account_groups/devs',
      'GET /account_groups/nobodys',
      'PUT /account_groups/devs',
      'DELETE /account_groups/devs',
      'GET /account_groups/devs/members',
      'PUT /account_groups/devs/members/ann',
      'DELETE /account_groups/devs/members/ann',
    ];
    for (const route of routes) {
      expect((await send(route, {}, basic('ann'))).status, route).to.equal(403);
      expect((await send(route, {}, {})).status, route).to.equal(401);
    }
  });

  it('give their members what they may, and take it with the next request (A23)', async () => {
    await makeGroup('devs', 'ann', 'bob');
    expect(await actionsOf('ann')).to.deep.equal(['pull', 'push']);
    await send('DELETE /account_groups/devs/members/ann');
    expect(await actionsOf('ann')).to.deep.equal([]);
    expect(await actionsOf('bob')).to.deep.equal(['pull', 'push']);
    await send('PUT /account_groups/devs', { grants: [{ pattern: 'acme/*', actions: ['pull'] }] });
    expect(await actionsOf('bob')).to.deep.equal(['pull']);
  });

  it('take what a token holds with them, which was granted before (A23)', async () => {
    await makeGroup('devs', 'ann');
    const scope = 'repository:acme/app:pull';
    const query = new URLSearchParams({ service: 'meridian', scope }).toString();
    const asked = await fetch(`${stand.url}/jwt/auth?${query}`, { headers: basic('ann') });
    const { token } = (await asked.json()) as { token: string };
    const judge = async () => {
      const found = await stand.authenticator.authenticate(`Bearer ${token}`, '127.0.0.1');
      return found.kind === 'known' ? found.caller.judge('pull', 'acme/app' as never) : found.kind;
    };
    expect(await judge()).to.equal('granted');
    await send('DELETE /account_groups/devs/members/ann');
    expect(await judge()).to.equal('denied');
  });

  it('leave nothing to a group of the same name (A23)', async () => {
    await makeGroup('devs', 'ann');
    expect((await send('DELETE /account_groups/devs')).status).to.equal(204);
    expect(await actionsOf('ann')).to.deep.equal([]);
    await makeGroup('devs');
    expect(await actionsOf('ann')).to.deep.equal([]);
    expect((await send('GET /account_groups/devs/members')).body).to.deep.equal({ members: [] });
  });

  it('list themselves and their members by pages', async () => {
    await makeGroup('devs', 'ann', 'bob');
    await makeGroup('ops');
    const first = await send('GET /account_groups?n=1');
    expect(first.body).to.deep.equal({ groups: [{ name: 'devs', grants: GRANTS }] });
    expect(first.link).to.equal('</api/v1/account_groups?n=1&last=devs>; rel="next"');
    const members = await send('GET /account_groups/devs/members?n=1');
    expect(members.body).to.deep.equal({ members: [{ name: 'ann', kind: 'person' }] });
    expect(members.link).to.include('/devs/members?n=1&last=ann');
  });

  it('share their names with accounts, and are none', async () => {
    await makeGroup('devs', 'ann');
    expect((await send('PUT /account_groups/ann', {})).status).to.equal(400);
    expect((await send('PUT /accounts/devs', {})).status).to.equal(400);
    for (const route of [
      'GET /accounts/devs',
      'DELETE /accounts/devs',
      'DELETE /accounts/devs/tokens',
    ]) {
      expect((await send(route)).status, route).to.equal(404);
    }
    const token = { label: 'none' };
    expect((await send('POST /accounts/devs/access-tokens', token)).status).to.equal(404);
    const { accounts } = (await send('GET /accounts')).body;
    expect(accounts.map((one: { name: string }) => one.name)).to.deep.equal([
      'admin',
      'ann',
      'bob',
    ]);
    expect((await send('GET /session', undefined, basic('devs'))).status).to.equal(401);
    expect((await send('PUT /account_groups/devs/members/devs')).status).to.equal(404);
  });

  it('let administrators shut nobody out who is the last, themselves least of all', async () => {
    await send('PUT /account_groups/roots', { grants: [{ pattern: '**', actions: ['admin'] }] });
    await send('PUT /account_groups/roots/members/ann');
    const ann = basic('ann');
    expect((await send('PUT /account_groups/roots', { grants: [] }, ann)).status).to.equal(403);
    expect((await send('DELETE /account_groups/roots', undefined, ann)).status).to.equal(403);
    expect(
      (await send('DELETE /account_groups/roots/members/ann', undefined, ann)).status,
    ).to.equal(403);
    expect((await send('PUT /accounts/ann', { grants: [] }, ann)).status).to.equal(200);
    expect((await send('DELETE /account_groups/roots')).status).to.equal(204);
  });

  it('name members by hand only where no identity provider does', async () => {
    await send('PUT /account_groups/staff', { externalName: 'example-staff' });
    expect((await send('PUT /account_groups/staff/members/ann')).status).to.equal(400);
    const { body } = await send('PUT /account_groups/staff', { externalName: null });
    expect(body).to.deep.equal({ name: 'staff', grants: [] });
    expect((await send('PUT /account_groups/staff/members/ann')).status).to.equal(204);
  });
});
