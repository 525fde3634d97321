import { expect } from 'chai';
import { type AuthStand, basic, openAuthStand } from '../../../support/auth-stand.ts';
import { sender } from './send.ts';

const rate = (requests: number) => ({ requests, seconds: 60 });

describe('rates of requests', () => {
  let stand: AuthStand;

  afterEach(() => stand.close());

  it('answer 429 with Retry-After to an account that asks too often, and to no other', async () => {
    stand = await openAuthStand([], { rates: { perAccount: rate(3) } });
    await stand.addAccount('ann', []);
    const send = sender(stand);
    for (let asked = 0; asked < 3; asked += 1) {
      expect((await send('GET /accounts')).status).to.equal(200);
    }
    const { status, headers, body } = await send('GET /accounts');
    expect(status).to.equal(429);
    expect(body.errors[0].code).to.equal('TOOMANYREQUESTS');
    expect(Number(headers.get('retry-after'))).to.be.within(1, 60);
    expect((await send('GET /session', undefined, basic('ann'))).status).to.equal(200);
  });

  it('count a request once, however often it is asked who makes it', async () => {
    stand = await openAuthStand([], { rates: { perAccount: rate(2) } });
    const send = sender(stand);
    expect((await send('PUT /accounts/a', {})).status).to.equal(201);
    expect((await send('PUT /accounts/b', {})).status).to.equal(201);
    expect((await send('PUT /accounts/c', {})).status).to.equal(429);
  });

  it('count all who come from one address together, tokens and signing in too', async () => {
    stand = await openAuthStand(['**'], { rates: { perAddress: rate(4) } });
    const send = sender(stand);
    expect((await send('GET /session', undefined, {})).status).to.equal(401);
    expect((await send('GET /session')).status).to.equal(200);
    expect((await fetch(`${stand.url}/jwt/auth?service=meridian`)).status).to.equal(200);
    const wrong = { account: 'ann', password: 'wrong' };
    expect((await send('POST /session', wrong, {})).status).to.equal(401);
    expect((await fetch(`${stand.url}/jwt/auth?service=meridian`)).status).to.equal(429);
    expect((await send('POST /session', wrong, {})).status).to.equal(429);
    expect((await send('GET /session')).status).to.equal(429);
  });
});
