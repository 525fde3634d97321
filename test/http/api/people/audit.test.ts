import { expect } from 'chai';
import {
  ADMIN_PASSWORD,
  type AuthStand,
  basic,
  grant,
  openAuthStand,
} from '../../../support/auth-stand.ts';
import { sender } from './send.ts';

interface Entry {
  readonly actor: string;
  readonly path: string;
  readonly outcome: string;
}

describe('the log of acts', () => {
  let stand: AuthStand;
  let send: ReturnType<typeof sender>;

  beforeEach(async () => {
    stand = await openAuthStand();
    send = sender(stand);
    await stand.addAccount('ann', [grant('acme/**', 'pull')]);
  });

  afterEach(() => stand.close());

  async function list(query = ''): Promise<readonly Entry[]> {
    return (await send(`GET /audit${query}`)).body.acts;
  }

  it('says who did what to what, from where and when, and what came of it', async () => {
    const grants = [{ pattern: 'team/**', actions: ['pull'] }];
    await send('PUT /accounts/carl', { grants, password: ADMIN_PASSWORD });
    const [entry] = await list();
    expect(entry).to.deep.include({
      actor: 'admin',
      address: '127.0.0.1',
      method: 'PUT',
      path: '/api/v1/accounts/carl',
      outcome: 'done',
      status: 201,
      at: stand.clock.now().toISOString(),
      fields: { grants, password: '…' },
    });
  });

  it('says what stands in the query, as the path that a policy is set for', async () => {
    await send('PUT /accounts/carl?path=acme&secret=x', {});
    const [entry] = await list();
    const query = { path: 'acme', secret: '…' };
    expect(entry).to.have.property('fields').that.deep.equals({ query });
  });

  it('shows what stands in the query also where the body has fields of that name', async () => {
    await send('PUT /accounts/carl?grants=acme', { grants: [] });
    const [entry] = await list();
    const fields = { grants: [], query: { grants: 'acme' } };
    expect(entry).to.have.property('fields').that.deep.equals(fields);
  });

  it('has what was refused and what was wrong, and no reading', async () => {
    await send('DELETE /accounts/admin', undefined, basic('ann'));
    await send('DELETE /accounts/zoe');
    await send('PUT /accounts/zoe', { kind: 'god' });
    await send('PUT /accounts/ann/password', {}, basic('ann', 'wrong'));
    await send('GET /accounts', undefined, basic('ann'));
    await send('DELETE /accounts/ann', undefined, {});
    const found = (await list()).map(({ actor, path, outcome }) =>
      [actor, path, outcome].join(' '),
    );
    expect(found).to.deep.equal([
      ' /api/v1/accounts/ann/password refused',
      'admin /api/v1/accounts/zoe refused',
      'admin /api/v1/accounts/zoe refused',
      'ann /api/v1/accounts/admin refused',
    ]);
    expect((await list())[0]).to.deep.include({ status: 401, fields: { claimed: 'ann' } });
  });

  it('has who signed in and who tried', async () => {
    for (const password of [ADMIN_PASSWORD, 'wrong']) {
      await send('POST /session', { account: 'ann', password }, {});
    }
    const [failed, done] = await list();
    expect(done).to.deep.include({ actor: 'ann', outcome: 'done' });
    expect(failed).to.deep.include({ actor: '', outcome: 'refused' });
    expect(failed).to.have.nested.property('fields.account', 'ann');
  });

  it('has an act however its path is spelled', async () => {
    await send('PUT /Accounts/carl', {});
    await send('PUT /accounts/carl/', {});
    const body = { account: 'ann', password: 'wrong' };
    await send('POST /session/', body, {});
    await send('POST /SESSION', body, {});
    expect((await list()).map(({ actor }) => actor)).to.deep.equal(['', '', 'admin', 'admin']);
  });

  it('has the making of a token for events, and nothing that comes by it', async () => {
    for (const path of ['registry_events', 'registry_events/token']) {
      await fetch(`${stand.url}/api/v1/${path}`, { method: 'POST', headers: basic('admin') });
    }
    const paths = (await list()).map(({ path }) => path);
    expect(paths).to.deep.equal(['/api/v1/registry_events/token']);
  });

  it('takes no more of strangers than an address may fail, and all of others (A26e)', async () => {
    const stranger = { authorization: 'Bearer x' };
    const statuses: number[] = [];
    for (let sent = 0; sent < 102; sent += 1) {
      statuses.push((await send('DELETE /accounts/ann', undefined, stranger)).status);
    }
    expect(statuses.slice(0, 100)).to.deep.equal(Array(100).fill(401));
    expect(statuses.slice(100)).to.deep.equal([429, 429]);
    expect((await send('PUT /accounts/carl', {})).status).to.equal(201);
    expect(await list()).to.have.length(101);
  });

  it('counts nobody who signs in among them', async () => {
    const body = { account: 'ann', password: ADMIN_PASSWORD };
    for (let sent = 0; sent < 102; sent += 1) {
      expect((await send('POST /session', body, {})).status).to.equal(200);
    }
  });

  it('holds no secret, whatever was sent (A26i)', async () => {
    const secret = 'a-very-secret-word';
    await send('PUT /accounts/carl', { password: secret });
    await send('PUT /accounts/carl/password', { password: secret });
    await send('PUT /accounts/carl', { kind: 'person', password: { label: secret } });
    await send('POST /session', { account: 'carl', password: secret }, {});
    await send('DELETE /accounts/x', undefined, { authorization: `Bearer ${secret}` });
    await send(`DELETE /accounts/ann/tokens?token=${secret}`);
    const made = await send('POST /accounts/carl/rotate', { label: 'one' });
    const text = JSON.stringify(await stand.auditLog.list({ limit: 100 }));
    expect(JSON.parse(text)).to.have.length(7);
    expect(text).to.not.include(secret).and.not.include(made.body.secret);
  });

  it('does nothing that it cannot write down first', async () => {
    stand.auditLog.begin = () => Promise.reject(new Error('no room'));
    expect((await send('PUT /accounts/carl', {})).status).to.equal(500);
    expect(await stand.accounts.findAccount('carl')).to.equal(undefined);
  });

  it('keeps an act whose outcome it could not write', async () => {
    stand.auditLog.settle = () => Promise.reject(new Error('no room'));
    expect((await send('PUT /accounts/carl', {})).status).to.equal(201);
    expect((await list())[0]).to.deep.include({ actor: 'admin', outcome: 'begun' });
  });

  it('is read by administrators alone, by pages and filters', async () => {
    for (const name of ['a', 'b', 'c']) await send(`PUT /accounts/${name}`, {});
    expect((await send('GET /audit', undefined, basic('ann'))).status).to.equal(403);
    const first = await send('GET /audit?n=2&actor=admin');
    expect(first.body.acts.map(({ path }: Entry) => path)).to.deep.equal([
      '/api/v1/accounts/c',
      '/api/v1/accounts/b',
    ]);
    const next = /^<\/api\/v1(\/audit\?[^>]+)>; rel="next"$/.exec(first.link!)![1]!;
    expect((await send(`GET ${next}`)).body.acts).to.have.length(1);
    expect(await list('?path=/api/v1/accounts/b&method=put')).to.have.length(1);
    expect(await list('?actor=ann')).to.deep.equal([]);
    for (const query of ['outcome=odd', 'since=tomorrow', 'last=x']) {
      expect((await send(`GET /audit?${query}`)).status, query).to.equal(400);
    }
  });
});
