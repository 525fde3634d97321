import { expect } from 'chai';
import {
  ADMIN_PASSWORD,
  type AuthStand,
  basic,
  grant,
  KEEPER,
  openAuthStand,
  SERVICE,
} from '../support/auth-stand.ts';

interface TokenBody {
  readonly token?: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly issued_at: string;
  readonly scope?: string;
  readonly refresh_token?: string;
}

/** What a token says, unverified. */
function claimsOf(token: string) {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
}

describe('token endpoint', () => {
  let stand: AuthStand;

  beforeEach(async () => {
    stand = await openAuthStand(['public/**']);
    await stand.addAccount('ann', [grant('acme/**', 'pull', 'push'), grant('lib/*', 'pull')]);
  });

  afterEach(() => stand.close());

  function get(query: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${stand.url}/jwt/auth?${query}`, { headers });
  }

  async function getBody(query: string, headers: Record<string, string> = {}): Promise<TokenBody> {
    const answer = await get(query, headers);
    expect(answer.status).to.equal(200);
    return (await answer.json()) as TokenBody;
  }

  async function accessOf(query: string, headers: Record<string, string> = {}) {
    const { access_token: token } = await getBody(`service=${SERVICE}&${query}`, headers);
    return claimsOf(token).access;
  }

  function post(fields: Record<string, string> | [string, string][]): Promise<Response> {
    return fetch(`${stand.url}/jwt/auth`, { method: 'POST', body: new URLSearchParams(fields) });
  }

  const LOG_IN = {
    grant_type: 'password',
    service: SERVICE,
    client_id: 'test',
    username: 'ann',
    password: ADMIN_PASSWORD,
  };

  /** A refresh token of ann. */
  async function logIn(): Promise<string> {
    const query = `service=${SERVICE}&offline_token=true`;
    return (await getBody(query, basic('ann'))).refresh_token!;
  }

  async function statusOf(secret: string): Promise<number> {
    const grantType = { grant_type: 'refresh_token', refresh_token: secret };
    return (await post({ ...grantType, service: SERVICE, client_id: 'test' })).status;
  }

  describe('GET /jwt/auth', () => {
    it('gives the token under both names, with its times', async () => {
      const body = await getBody(`service=${SERVICE}`, basic('ann'));
      expect(body.token).to.equal(body.access_token);
      expect(body.expires_in).to.equal(300);
      expect(new Date(body.issued_at)).to.deep.equal(stand.clock.now());
      expect(body).not.to.have.any.keys('refresh_token', 'scope');
      const claims = claimsOf(body.access_token);
      expect(claims).to.deep.include({ iss: 'here', sub: 'ann', aud: SERVICE, access: [] });
      expect(claims.exp - claims.iat).to.equal(300);
      expect(claims).to.include.keys('nbf', 'jti');
    });

    it('must not be kept on the way', async () => {
      const answer = await get(`service=${SERVICE}`);
      expect(answer.headers.get('cache-control')).to.equal('no-store');
    });

    it('grants the intersection of what is asked and what is granted', async () => {
      const access = await accessOf('scope=repository:acme/a:pull,push,delete', basic('ann'));
      expect(access).to.deep.equal([
        { type: 'repository', name: 'acme/a', actions: ['pull', 'push'] },
      ]);
    });

    it('keeps what was asked and refused, with no actions', async () => {
      const access = await accessOf('scope=repository:other/a:pull', basic('ann'));
      expect(access).to.deep.equal([{ type: 'repository', name: 'other/a', actions: [] }]);
    });

    it('takes several scopes, repeated or with spaces between them, and joins them', async () => {
      const query =
        'scope=repository:acme/a:pull%20repository:lib/b:pull&scope=repository:acme/a:push';
      expect(await accessOf(query, basic('ann'))).to.deep.equal([
        { type: 'repository', name: 'acme/a', actions: ['pull', 'push'] },
        { type: 'repository', name: 'lib/b', actions: ['pull'] },
      ]);
    });

    it('never grants more than is there, whatever is asked (A22)', async () => {
      const scopes = [
        'repository:acme/a:*',
        'repository(plugin):acme/b:pull',
        'repository:acme/c:pull,push,delete,admin,overwrite',
        'repository:acme/*:pull',
        'repository:**:pull',
        'plugin:acme/d:pull',
        'registry:secrets:*',
        'registry:catalog:*',
      ];
      const query = scopes.map((scope) => `scope=${encodeURIComponent(scope)}`).join('&');
      expect(await accessOf(query, basic('ann'))).to.deep.equal([
        { type: 'repository', name: 'acme/a', actions: [] },
        { type: 'repository', name: 'acme/b', actions: ['pull'] },
        { type: 'repository', name: 'acme/c', actions: ['pull', 'push'] },
        { type: 'registry', name: 'catalog', actions: ['*'] },
      ]);
    });

    it('gives an anonymous token what the public may, and nothing else (A21)', async () => {
      const query =
        'scope=repository:public/a:pull,push&scope=repository:acme/a:pull&scope=registry:catalog:*';
      expect(await accessOf(query)).to.deep.equal([
        { type: 'repository', name: 'public/a', actions: ['pull'] },
        { type: 'repository', name: 'acme/a', actions: [] },
        { type: 'registry', name: 'catalog', actions: [] },
      ]);
    });

    it('refuses another service, also of an anonymous request (A20)', async () => {
      for (const query of ['service=replication', 'scope=repository:public/a:pull', 'service=']) {
        expect((await get(query)).status, query).to.equal(400);
      }
    });

    it('refuses a wrong credential instead of giving an anonymous token', async () => {
      const wrong = [
        basic('ann', 'wrong-password'),
        basic('nobody'),
        basic(''),
        { authorization: 'Basic' },
        { authorization: 'Basic !!' },
        { authorization: 'Negotiate abc' },
      ];
      for (const headers of wrong) {
        const answer = await get(`service=${SERVICE}`, headers);
        expect(answer.status, headers.authorization).to.equal(401);
        expect(answer.headers.get('www-authenticate')).to.equal(`Basic realm="${SERVICE}"`);
        expect(await answer.json()).to.have.nested.property('errors[0].code', 'UNAUTHORIZED');
      }
    });

    it('takes no bearer token in payment (A20)', async () => {
      const { access_token: token } = await getBody(`service=${SERVICE}`, basic('ann'));
      const answer = await get(`service=${SERVICE}`, { authorization: `Bearer ${token}` });
      expect(answer.status).to.equal(401);
    });

    it('refuses an account that is not the one who logs in', async () => {
      expect((await get(`service=${SERVICE}&account=bob`, basic('ann'))).status).to.equal(400);
      expect((await get(`service=${SERVICE}&account=ann`, basic('ann'))).status).to.equal(200);
      expect((await get(`service=${SERVICE}&account=ann`)).status).to.equal(200);
    });

    it('caps the number and the length of scopes (A22)', async () => {
      const many = 'scope=repository:a:pull&'.repeat(51);
      const long = `scope=repository:${'a'.repeat(9000)}:pull`;
      for (const query of [many, long, 'scope=nonsense', 'scope=a:b:c%24']) {
        const answer = await get(`service=${SERVICE}&${query}`, basic('ann'));
        expect(answer.status, query.slice(0, 40)).to.equal(400);
      }
      expect(await accessOf('scope=&scope=repository:acme/a:pull', basic('ann'))).to.have.length(1);
    });

    it('gives a refresh token where it is asked for, and never to nobody (T14)', async () => {
      const query = `service=${SERVICE}&offline_token=true`;
      expect((await getBody(query, basic('ann'))).refresh_token).to.match(/^mrr_/);
      expect(await getBody(query)).not.to.have.property('refresh_token');
    });
  });

  describe('POST /jwt/auth', () => {
    it('gives a token for a password, and says what was granted', async () => {
      const scope = 'repository:acme/a:pull,push repository:other/a:pull';
      const answer = await post({ ...LOG_IN, scope });
      const body = (await answer.json()) as TokenBody;
      expect(answer.status).to.equal(200);
      expect(body.scope).to.equal('repository:acme/a:pull,push');
      expect(body.expires_in).to.equal(300);
      expect(body).not.to.have.property('refresh_token');
      expect(claimsOf(body.access_token).sub).to.equal('ann');
    });

    it('takes the scope several times, as podman sends it', async () => {
      const fields: [string, string][] = [
        ...Object.entries(LOG_IN),
        ['scope', 'repository:acme/a:pull'],
        ['scope', 'repository:lib/b:pull'],
      ];
      const body = (await (await post(fields)).json()) as TokenBody;
      expect(body.scope).to.equal('repository:acme/a:pull repository:lib/b:pull');
    });

    it('gives the same refresh token at each use, since docker writes it down once', async () => {
      const first = (await (await post({ ...LOG_IN, access_type: 'offline' })).json()) as TokenBody;
      const secret = first.refresh_token!;
      const fields = { ...LOG_IN, grant_type: 'refresh_token', refresh_token: secret };
      for (let use = 0; use < 2; use += 1) {
        const answer = await post({ ...fields, scope: 'repository:acme/a:pull' });
        expect(answer.status).to.equal(200);
        expect(await answer.json()).to.include({
          refresh_token: secret,
          scope: 'repository:acme/a:pull',
        });
      }
    });

    it('refuses what lacks a field, or has another form', async () => {
      for (const field of Object.keys(LOG_IN)) {
        const { [field as 'service']: _, ...rest } = LOG_IN;
        expect((await post(rest)).status, field).to.equal(400);
      }
      expect((await post({ ...LOG_IN, grant_type: 'client_credentials' })).status).to.equal(400);
      expect((await post({ ...LOG_IN, service: 'other' })).status).to.equal(400);
      expect((await post({ ...LOG_IN, password: 'wrong-one' })).status).to.equal(401);
      const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
      expect((await fetch(`${stand.url}/jwt/auth`, json)).status).to.equal(415);
      expect((await post({ ...LOG_IN, scope: 'x'.repeat(70_000) })).status).to.equal(413);
    });
  });

  describe('refresh tokens (A24)', () => {
    it('are kept as a hash', async () => {
      const secret = await logIn();
      expect(await stand.refreshTokens.find(secret)).to.equal(undefined);
    });

    it('are no bearer tokens', async () => {
      const found = await stand.authenticator.authenticate(`Bearer ${await logIn()}`, '::1');
      expect(found).to.deep.equal({ kind: 'refused', reason: 'invalid_token' });
    });

    it('end by log-out', async () => {
      const [secret, other] = [await logIn(), await logIn()];
      const body = new URLSearchParams({ token: secret });
      for (let time = 0; time < 2; time += 1) {
        const answer = await fetch(`${stand.url}/jwt/revoke`, { method: 'POST', body });
        expect(answer.status).to.equal(200);
      }
      expect(await statusOf(secret)).to.equal(401);
      expect(await statusOf(other)).to.equal(200);
    });

    it('end by age, a new password, a disabled and a deleted account', async () => {
      const ends: (() => Promise<unknown>)[] = [
        async () => stand.clock.pass(90 * 24 * 3600),
        () => stand.roster.changePassword('ann', 'another-password', KEEPER),
        () => stand.addAccount('ann', [], { isDisabled: true }),
        () => stand.accounts.deleteAccount('ann'),
      ];
      for (const end of ends) {
        await stand.addAccount('ann', []);
        const secret = await logIn();
        expect(await statusOf(secret)).to.equal(200);
        stand.clock.pass(1);
        await end();
        expect(await statusOf(secret)).to.equal(401);
      }
    });

    it('stay ended when an account of the same name is made', async () => {
      const secret = await logIn();
      stand.clock.pass(1);
      await stand.accounts.deleteAccount('ann');
      await stand.roster.changeAccount('ann', { password: ADMIN_PASSWORD }, KEEPER);
      expect(await statusOf(secret)).to.equal(401);
    });
  });

  describe('lock-out (A26e)', () => {
    it('answers 429 with Retry-After after ten failures, to the right password too', async () => {
      for (let count = 0; count < 10; count += 1) {
        const answer = await get(`service=${SERVICE}`, basic('ann', `wrong-${count}`));
        expect(answer.status).to.equal(401);
      }
      const answer = await get(`service=${SERVICE}`, basic('ann'));
      expect(answer.status).to.equal(429);
      expect(Number(answer.headers.get('retry-after'))).to.be.within(1, 900);
      expect(await answer.json()).to.have.nested.property('errors[0].code', 'TOOMANYREQUESTS');
      expect((await get(`service=${SERVICE}`, basic('admin'))).status).to.equal(200);
    });

    it('counts the same wrong credentials by POST and GET once (T21)', async () => {
      for (let count = 0; count < 9; count += 1) {
        const password = `wrong-${count}`;
        expect((await post({ ...LOG_IN, password })).status).to.equal(401);
        expect((await get(`service=${SERVICE}`, basic('ann', password))).status).to.equal(401);
      }
      expect((await get(`service=${SERVICE}`, basic('ann'))).status).to.equal(200);
    });
  });

  describe('GET /jwt/keys', () => {
    it('gives the public keys and nothing of the private one', async () => {
      const { keys } = (await (await fetch(`${stand.url}/jwt/keys`)).json()) as { keys: object[] };
      expect(keys).to.have.length(1);
      expect(keys[0]).to.have.all.keys('kty', 'crv', 'x', 'y', 'kid', 'alg', 'use');
    });
  });
});
