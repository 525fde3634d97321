import { expect } from 'chai';
import { type AuthStand, basic, grant, openAuthStand } from '../../../support/auth-stand.ts';
import { sender } from './send.ts';

describe('robots', () => {
  let stand: AuthStand;
  let send: ReturnType<typeof sender>;

  beforeEach(async () => {
    stand = await openAuthStand();
    send = sender(stand);
    await stand.addAccount('ann', [grant('acme/**', 'admin'), grant('lib/*', 'admin')]);
    await stand.addAccount('bob', [grant('acme/**', 'pull')]);
  });

  afterEach(() => stand.close());

  const ANN = basic('ann');
  const PULL = [{ pattern: 'acme/app', actions: ['pull'] }];
  const ROBOT = { kind: 'robot', owner: 'acme/app', grants: PULL };

  async function rotate(name: string, body = {}, as = ANN) {
    const answer = await send(`POST /accounts/${name}/rotate`, body, as);
    return { status: answer.status, secret: answer.body.secret as string };
  }

  function logIn(name: string, secret: string): Promise<Response> {
    return fetch(`${stand.url}/jwt/auth?service=meridian`, { headers: basic(name, secret) });
  }

  it('are kept by whoever administers the path that owns them (A26b)', async () => {
    expect((await send('PUT /accounts/ci', ROBOT, ANN)).status).to.equal(201);
    const { body } = await send('GET /accounts/ci', undefined, ANN);
    expect(body).to.include({ kind: 'robot', owner: 'acme/app', hasPassword: false });
    const listed = await send('GET /accounts?owner=acme', undefined, ANN);
    expect(listed.body.accounts).to.have.length(1);
    for (const path of ['', '?owner=other', '?owner=lib']) {
      expect((await send(`GET /accounts${path}`, undefined, ANN)).status, path).to.equal(403);
    }
    const bob = basic('bob');
    for (const route of ['GET /accounts/ci', 'PUT /accounts/ci', 'DELETE /accounts/ci']) {
      expect((await send(route, {}, bob)).status, route).to.equal(403);
    }
    expect((await rotate('ci', {}, bob)).status).to.equal(403);
    expect((await send('DELETE /accounts/ci', undefined, ANN)).status).to.equal(204);
  });

  it('are lent no more than below that path, and to no other', async () => {
    const refused = [
      { ...ROBOT, grants: [{ pattern: 'acme/**', actions: ['pull'] }] },
      { ...ROBOT, grants: [{ pattern: '**', actions: ['admin'] }] },
      { ...ROBOT, owner: 'other' },
      // `lib/*` reaches one level, and no robot that `lib/x` owns is held to that.
      { ...ROBOT, owner: 'lib/x', grants: [] },
      { ...ROBOT, kind: 'person' },
      { kind: 'robot', grants: PULL },
      { ...ROBOT, subject: 'https://id.example 1' },
    ];
    for (const body of refused) {
      const { status } = await send('PUT /accounts/ci', body, ANN);
      expect(status, JSON.stringify(body)).to.equal(403);
    }
    await send('PUT /accounts/ci', ROBOT, ANN);
    const changes = [{ owner: null }, { owner: 'other' }, { kind: 'person' }];
    for (const body of changes) {
      expect((await send('PUT /accounts/ci', body, ANN)).status).to.equal(403);
    }
    expect((await send('PUT /accounts/bob', { isDisabled: true }, ANN)).status).to.equal(403);
    await send('PUT /accounts/free', { kind: 'robot' });
    expect((await send('PUT /accounts/free', ROBOT, ANN)).status).to.equal(403);
  });

  it('have nothing of a group, which their keepers would have by them (A26b)', async () => {
    await send('PUT /account_groups/all', { grants: [{ pattern: '**', actions: ['admin'] }] });
    await send('PUT /accounts/ci', ROBOT, ANN);
    expect((await send('PUT /account_groups/all/members/ci')).status).to.equal(400);
    await send('PUT /accounts/free', { kind: 'robot' });
    expect((await send('PUT /account_groups/all/members/free')).status).to.equal(204);
    const { owner } = ROBOT;
    expect((await send('PUT /accounts/free', { owner })).status).to.equal(400);
  });

  it('are listed below a path that is one', async () => {
    await stand.addAccount('dan', [grant('*/**', 'admin')]);
    for (const owner of ['', '/', '*', 'a//b']) {
      const asked = await send(`GET /accounts?owner=${owner}`, undefined, basic('dan'));
      expect(asked.status, owner).to.equal(400);
    }
  });

  it('end by themselves, with what was had by them (A23)', async () => {
    const expiresAt = new Date(stand.clock.now().getTime() + 60_000).toISOString();
    await send('PUT /accounts/ci', { ...ROBOT, expiresAt }, ANN);
    const { secret } = await rotate('ci');
    const answer = await logIn('ci', secret);
    const { token } = (await answer.json()) as { token: string };
    const kindOf = async () =>
      (await stand.authenticator.authenticate(`Bearer ${token}`, '127.0.0.1')).kind;
    expect([answer.status, await kindOf()]).to.deep.equal([200, 'known']);
    stand.clock.pass(61);
    expect([(await logIn('ci', secret)).status, await kindOf()]).to.deep.equal([401, 'refused']);
    await send('PUT /accounts/ci', { expiresAt: null }, ANN);
    const { secret: next } = await rotate('ci');
    expect((await logIn('ci', next)).status).to.equal(200);
  });

  it('get a new secret in place of all others', async () => {
    await send('PUT /accounts/ci', ROBOT, ANN);
    const [first, second] = [await rotate('ci'), await rotate('ci', { label: 'nightly' })];
    expect([first.status, second.status]).to.deep.equal([201, 201]);
    expect((await logIn('ci', first.secret)).status).to.equal(401);
    expect((await logIn('ci', second.secret)).status).to.equal(200);
    const { accessTokens } = (await send('GET /accounts/ci/access-tokens', undefined, ANN)).body;
    expect(accessTokens.map((one: { label: string }) => one.label)).to.deep.equal(['nightly']);
  });

  it('are known by their kind, and no name makes one more than it is (A26h)', async () => {
    for (const name of ['scanner-trivy', 'system', 'site', 'replication', 'admin2', 'root']) {
      await send(`PUT /accounts/${name}`, { ...ROBOT, grants: [] }, ANN);
      const { secret } = await rotate(name);
      const as = basic(name, secret);
      expect((await send('GET /accounts', undefined, as)).status, name).to.equal(403);
      expect((await send('GET /session', undefined, as)).body, name).to.deep.include({
        kind: 'robot',
        isAdministrator: false,
        grants: [],
      });
    }
    expect((await send('PUT /accounts/site:main', ROBOT)).status).to.equal(404);
  });
});
