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

  function end(seconds: number): string {
    return new Date(stand.clock.now().getTime() + seconds * 1000).toISOString();
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

  it('have a new secret that opens no more than those it replaces', async () => {
    await send('PUT /accounts/ci', ROBOT, ANN);
    const limits = { actions: ['pull'], patterns: ['acme/app'] };
    const make = (more: object) =>
      send('POST /accounts/ci/access-tokens', { label: 'x', ...more }, ANN);
    await make({ ...limits, expiresAt: end(60) });
    await make({ ...limits, expiresAt: end(90) });
    const tokens = async () =>
      (await send('GET /accounts/ci/access-tokens', undefined, ANN)).body.accessTokens;
    expect((await rotate('ci')).status).to.equal(201);
    expect(await tokens()).to.have.length(1);
    expect((await tokens())[0]).to.deep.include({ ...limits, expiresAt: end(90) });
    await make({ actions: [], patterns: ['acme/app'] });
    expect((await rotate('ci')).status, 'limited in different ways').to.equal(409);
    expect(await tokens()).to.have.length(2);
    expect((await rotate('ci', { actions: ['push'], expiresAt: null })).status).to.equal(201);
    const [last] = await tokens();
    expect(last).to.deep.include({ actions: ['push'], patterns: ['acme/app'] });
    expect(last).not.to.have.property('expiresAt');
  });

  it('are judged once more where they are another account by then', async () => {
    const { accounts } = stand;
    await send('PUT /accounts/ci', ROBOT, ANN);
    const requests = [
      ['PUT /accounts/ci', { grants: PULL }],
      ['PUT /accounts/ci/password', { password: 'a-password-of-anns' }],
      ['POST /accounts/ci/access-tokens', { label: 'anns' }],
      ['POST /accounts/ci/rotate', {}],
      ['DELETE /accounts/ci', undefined],
    ] as const;
    for (const [route, body] of requests) {
      const known = (await accounts.findAccount('ci'))!;
      const find = accounts.findAccount.bind(accounts);
      let reads = 0;
      // Between the reading by which she is let in and the next, it goes to other hands.
      accounts.findAccount = async (name) => {
        if (name === 'ci' && ++reads === 2) {
          await accounts.recordAccount({ ...known, owner: 'other' });
        }
        return find(name);
      };
      const { status } = await send(route, body, ANN);
      accounts.findAccount = find;
      expect(reads, route).to.be.at.least(2);
      expect(status, route).to.equal(403);
      const { owner, ...rest } = (await accounts.findAccount('ci'))!;
      expect({ ...rest, owner: known.owner }, route).to.deep.equal(known);
      expect(owner).to.equal('other');
      expect(await accounts.listAccessTokens('ci'), route).to.deep.equal([]);
      await accounts.recordAccount(known);
    }
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
