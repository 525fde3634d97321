import { expect } from 'chai';
import {
  ADMIN_PASSWORD,
  type AuthStand,
  basic,
  grant,
  openAuthStand,
} from '../../support/auth-stand.ts';

const ADMIN = basic('admin');
const JSON_TYPE = { 'content-type': 'application/json' };
const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';

describe('/api/v1/accounts', () => {
  let stand: AuthStand;

  beforeEach(async () => {
    stand = await openAuthStand();
    await stand.addAccount('ann', [grant('acme/**', 'pull', 'push')]);
    await stand.addAccount('bob', []);
  });

  afterEach(() => stand.close());

  interface Sent {
    readonly body?: unknown;
    readonly as?: Readonly<Record<string, string>>;
  }

  async function send(method: string, path: string, { body, as = ADMIN }: Sent = {}) {
    const answer = await fetch(`${stand.url}/api/v1/accounts${path}`, {
      method,
      headers: { ...as, ...(body === undefined ? {} : JSON_TYPE) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text && JSON.parse(text) };
  }

  /** What the list of accounts answers to an administrator's token for that scope. */
  async function statusWith(scope: string): Promise<number> {
    const query = new URLSearchParams({ service: 'meridian', scope }).toString();
    const answer = await fetch(`${stand.url}/jwt/auth?${query}`, { headers: ADMIN });
    const { token } = (await answer.json()) as { token: string };
    return (await send('GET', '', { as: { authorization: `Bearer ${token}` } })).status;
  }

  const EVERYTHING = [
    ['GET', ''],
    ['GET', '/bob'],
    ['GET', '/unknown'],
    ['PUT', '/bob'],
    ['DELETE', '/bob'],
    ['PUT', '/bob/password'],
    ['DELETE', '/bob/tokens'],
    ['GET', '/bob/access-tokens'],
    ['POST', '/bob/access-tokens'],
    ['DELETE', `/bob/access-tokens/${UNKNOWN_ID}`],
  ] as const;

  it('is closed to nobody, with a challenge', async () => {
    for (const [method, path] of EVERYTHING) {
      const { status, headers } = await send(method, path, { as: {} });
      expect(status, `${method} ${path}`).to.equal(401);
      expect(headers.get('www-authenticate')).to.include('scope="registry:api:*"');
    }
  });

  it('is closed to other people, whether there is such an account or not (A26b)', async () => {
    for (const [method, path] of EVERYTHING) {
      const { status } = await send(method, path, { as: basic('ann') });
      expect(status, `${method} ${path}`).to.equal(403);
    }
  });

  it('is open to a bearer token for the API, and not to one for repositories (A20)', async () => {
    expect(await statusWith('registry:api:*')).to.equal(200);
    expect(await statusWith('repository:acme/app:pull,push,delete')).to.equal(403);
    expect(await statusWith('registry:catalog:*')).to.equal(403);
  });

  describe('GET /', () => {
    it('lists accounts in pages, without their hashes', async () => {
      const first = await send('GET', '?n=2');
      expect(first.body.accounts.map((one: { name: string }) => one.name)).to.deep.equal([
        'admin',
        'ann',
      ]);
      expect(first.headers.get('link')).to.equal('</api/v1/accounts?n=2&last=ann>; rel="next"');
      const second = await send('GET', '?n=2&last=ann');
      expect(second.body.accounts).to.have.length(1);
      expect(second.headers.get('link')).to.equal(null);
      expect(JSON.stringify([first.body, second.body])).not.to.include('argon2');
      expect((await send('GET', '?last=A/../b')).status).to.equal(400);
    });
  });

  describe('PUT /<name>', () => {
    it('creates an account, and changes what it names of one', async () => {
      const grants = [{ pattern: 'team/**', actions: ['pull'] }];
      const created = await send('PUT', '/carl', { body: { grants, password: ADMIN_PASSWORD } });
      expect(created.status).to.equal(201);
      expect(created.body).to.deep.include({ name: 'carl', kind: 'person', grants });
      expect(created.body).to.include({ hasPassword: true, isDisabled: false });
      const changed = await send('PUT', '/carl', { body: { isDisabled: true } });
      expect(changed.status).to.equal(200);
      expect(changed.body).to.deep.include({ grants, isDisabled: true, hasPassword: true });
      expect((await send('GET', '/carl')).body).to.deep.equal(changed.body);
    });

    it('loses neither of two changes at once', async () => {
      await send('PUT', '/carl', { body: { password: ADMIN_PASSWORD } });
      const grants = [{ pattern: 'team/**', actions: ['pull'] }];
      const changes = [{ grants }, { isDisabled: true }, { kind: 'robot' }];
      await Promise.all(changes.map((body) => send('PUT', '/carl', { body })));
      const { body } = await send('GET', '/carl');
      expect(body).to.deep.include({ grants, isDisabled: true, kind: 'robot' });
    });

    it('refuses names and bodies that are wrong', async () => {
      for (const name of ['Carl', 'a%20b', '-a', 'a:b', 'a%2Fb', 'x'.repeat(65)]) {
        expect((await send('PUT', `/${name}`, { body: {} })).status, name).to.equal(404);
      }
      for (const body of [
        { password: 'short' },
        { grants: [{ pattern: 'a/**/b', actions: ['pull'] }] },
        { grants: [{ pattern: 'a', actions: ['fly'] }] },
        { grants: [{ pattern: 'a', actions: [] }] },
        { kind: 'ghost' },
        { passwordHash: 'x' },
        [],
        null,
      ]) {
        const { status, body: answer } = await send('PUT', '/carl', { body });
        expect(status, JSON.stringify(body)).to.equal(400);
        expect(answer.errors[0].code).to.equal('UNSUPPORTED');
      }
      expect((await send('GET', '/carl')).status).to.equal(404);
    });

    it('lets no administrator take away their own administration', async () => {
      expect((await send('PUT', '/admin', { body: { grants: [] } })).status).to.equal(403);
      expect((await send('PUT', '/admin', { body: { isDisabled: true } })).status).to.equal(403);
      expect((await send('DELETE', '/admin')).status).to.equal(403);
      expect((await send('GET', '')).status).to.equal(200);
    });

    it('gives no right to a name (A26h)', async () => {
      await send('PUT', '/admin2', { body: { kind: 'robot', password: ADMIN_PASSWORD } });
      expect((await send('GET', '', { as: basic('admin2') })).status).to.equal(403);
    });
  });

  describe('DELETE /<name>', () => {
    it('deletes the account with its access tokens', async () => {
      const { body } = await send('POST', '/bob/access-tokens', { body: { label: 'ci' } });
      expect((await send('DELETE', '/bob')).status).to.equal(204);
      expect((await send('DELETE', '/bob')).status).to.equal(404);
      await send('PUT', '/bob', { body: {} });
      expect((await send('GET', '/bob', { as: basic('bob', body.secret) })).status).to.equal(401);
    });
  });

  describe('PUT /<name>/password', () => {
    it('lets people change their own', async () => {
      const body = { password: 'another-password' };
      expect((await send('PUT', '/ann/password', { body, as: basic('ann') })).status).to.equal(204);
      expect((await send('GET', '/ann', { as: basic('ann') })).status).to.equal(401);
      const as = basic('ann', 'another-password');
      expect((await send('GET', '/ann', { as })).status).to.equal(200);
    });
  });

  describe('DELETE /<name>/tokens', () => {
    it('ends the tokens of the account', async () => {
      const query = 'service=meridian&scope=registry:api:*';
      const answer = await fetch(`${stand.url}/jwt/auth?${query}`, { headers: basic('ann') });
      const { token } = (await answer.json()) as { token: string };
      const as = { authorization: `Bearer ${token}` };
      expect((await send('GET', '/ann', { as })).status).to.equal(200);
      stand.clock.pass(1);
      expect((await send('DELETE', '/ann/tokens')).status).to.equal(204);
      const after = await send('GET', '/ann', { as });
      expect(after.status).to.equal(401);
      expect(after.headers.get('www-authenticate')).to.include('error="invalid_token"');
    });
  });

  describe('/<name>/access-tokens', () => {
    it('shows the secret once', async () => {
      const expiresAt = '2027-01-01T00:00:00.000Z';
      const limits = { actions: ['pull'], patterns: ['acme/*'] };
      const made = await send('POST', '/ann/access-tokens', {
        body: { label: 'ci', ...limits, expiresAt },
        as: basic('ann'),
      });
      expect(made.status).to.equal(201);
      expect(made.headers.get('cache-control')).to.equal('no-store');
      const { secret, ...rest } = made.body;
      expect(secret).to.match(/^mrd_/);
      expect(rest).to.deep.include({ account: 'ann', label: 'ci', ...limits, expiresAt });
      const listed = await send('GET', '/ann/access-tokens');
      expect(listed.body).to.deep.equal({ accessTokens: [rest] });
    });

    it('makes nothing for an access token, nor for what has passed', async () => {
      const { body } = await send('POST', '/ann/access-tokens', { body: { label: 'ci' } });
      const as = basic('ann', body.secret);
      const again = await send('POST', '/ann/access-tokens', { body: { label: 'more' }, as });
      expect(again.status).to.equal(403);
      const past = { label: 'old', expiresAt: '2020-01-01T00:00:00Z' };
      expect((await send('POST', '/ann/access-tokens', { body: past })).status).to.equal(400);
      expect(
        (await send('POST', '/nobody/access-tokens', { body: { label: 'a' } })).status,
      ).to.equal(404);
    });

    it("deletes an account's own, and knows no other (A26b)", async () => {
      const { body } = await send('POST', '/ann/access-tokens', { body: { label: 'ci' } });
      expect((await send('DELETE', `/bob/access-tokens/${body.id}`)).status).to.equal(404);
      expect((await send('DELETE', '/ann/access-tokens/1')).status).to.equal(404);
      expect((await send('DELETE', `/ann/access-tokens/${body.id}`)).status).to.equal(204);
      expect((await send('DELETE', `/ann/access-tokens/${body.id}`)).status).to.equal(404);
    });
  });
});
