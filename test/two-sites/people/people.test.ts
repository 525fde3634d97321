import { expect } from 'chai';
import { sender } from '../../http/api/people/send.ts';
import { openMemoryPorts } from '../../support/ports.ts';
import { until } from '../client.ts';
import { openPair, type Pair } from '../pair.ts';
import { ADMIN } from '../site.ts';

const AS_ADMIN = { authorization: `Basic ${btoa(`${ADMIN.user}:${ADMIN.password}`)}` };
const ANN = { authorization: `Basic ${btoa('ann:a-long-password')}` };

describe('people at a secondary', () => {
  let pair: Pair;

  before(async function () {
    this.timeout(60_000);
    pair = await openPair(openMemoryPorts);
  });

  after(() => pair.close());

  const there = (route: string, body?: unknown, as: Record<string, string> = AS_ADMIN) =>
    sender(pair.secondary)(route, body, as);

  it('sign in there, and write through it in their own name', async () => {
    const password = ADMIN.password;
    await until('people are known', async () => {
      const { status } = await there('POST /session', { account: ADMIN.user, password }, {});
      return status === 200;
    });
    const { body, headers } = await there('POST /session', { account: ADMIN.user, password }, {});
    const cookie = headers.get('set-cookie')!.split(';')[0]!;
    const browser = { cookie, 'meridian-csrf': body.csrfToken as string };
    const made = await there('PUT /accounts/ann', { password: 'a-long-password' }, browser);
    expect(made.status).to.equal(201);
    expect((await there('DELETE /accounts/ann', undefined, { cookie })).status).to.equal(403);
    const { acts } = (await sender(pair.primary)('GET /audit', undefined, AS_ADMIN)).body;
    expect(acts[0]).to.include({ actor: 'admin', path: '/api/v1/accounts/ann', outcome: 'done' });
    const [own] = (await there('GET /audit?path=/api/v1/accounts/')).body.acts;
    expect(own).to.include({ actor: 'admin', address: '127.0.0.1', outcome: 'done' });
  });

  it('leave a group at once, wherever it was done (A23)', async () => {
    const grants = [{ pattern: 'acme/**', actions: ['pull'] }];
    const grantsOf = async () => (await there('GET /session', undefined, ANN)).body.grants;
    await there('PUT /account_groups/devs', { grants });
    await there('PUT /account_groups/devs/members/ann');
    expect(await grantsOf()).to.deep.equal(grants);
    await there('DELETE /account_groups/devs/members/ann');
    expect(await grantsOf()).to.deep.equal([]);
  });
});
