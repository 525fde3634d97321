import { expect } from 'chai';
import { generatePrivateKey } from '../../src/auth/identity.ts';
import { publicJwkOf } from '../../src/auth/site-keys.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { OCI_MANIFEST } from '../../src/oci/media-type.ts';
import { openPrimary } from '../../src/storage/distribution/primary.ts';
import { openMemoryPorts } from '../support/ports.ts';
import { startRegistry } from '../support/registry.ts';
import { makeImage, pull, push, send, until } from '../two-sites/client.ts';
import { startPrimary, startSecondary, type TestSite } from '../two-sites/site.ts';

const makeKey = () => {
  const { kty, crv, x, y } = publicJwkOf(generatePrivateKey());
  return { kty, crv, x, y };
};

describe('abuse between sites', () => {
  let primary: TestSite;
  let secondary: TestSite;

  before(async () => {
    primary = await startPrimary('tokyo', await openMemoryPorts());
    const joinToken = await tokenFor('lisbon');
    secondary = await startSecondary('lisbon', await openMemoryPorts(), {
      primaryUrl: primary.url,
      joinToken,
    });
  });
  after(async () => {
    await secondary.stop();
    await primary.stop();
  });

  const invite = (name: string) =>
    send(`${primary.url}/api/v1/sites`, {
      method: 'POST',
      body: JSON.stringify({ name }),
      headers: { 'content-type': 'application/json' },
    });
  const tokenFor = async (name: string) =>
    ((await (await invite(name)).json()) as { joinToken: string }).joinToken;
  const join = (token: string, body: object) =>
    fetch(`${primary.url}/api/v1/sites/join`, {
      method: 'POST',
      body: JSON.stringify({ url: 'http://oslo.test', publicKey: makeKey(), ...body }),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });

  it('A49 lets no site take the name of the primary, nor the primary be taken out', async () => {
    expect((await invite('tokyo')).status).to.equal(403);
    const url = `${primary.url}/api/v1/sites/tokyo`;
    expect((await send(url, { method: 'DELETE' })).status).to.equal(403);
  });

  it('A49 lets no site join with the key of another', async () => {
    const [lisbon] = (await primary.ports.sites.listSites()).filter(
      ({ name }) => name === 'lisbon',
    );
    const answer = await join(await tokenFor('oslo'), {
      site: 'oslo',
      publicKey: lisbon!.publicKey,
    });
    expect(answer.status).to.equal(403);
    expect(await primary.ports.sites.findSite('oslo')).to.equal(undefined);
  });

  it('A49 takes a join token once of two who come at once', async () => {
    const token = await tokenFor('oslo');
    const answers = await Promise.all([
      join(token, { site: 'oslo' }),
      join(token, { site: 'oslo' }),
    ]);
    expect(answers.map(({ status }) => status)).to.have.members([200, 401]);
  });

  it('A49 takes no private key and no address that is none', async () => {
    const token = await tokenFor('oslo');
    const isPrivate = { ...makeKey(), d: 'x'.repeat(43) };
    for (const bad of [{ publicKey: isPrivate }, { url: 'file:///etc/passwd' }, { url: 'x' }]) {
      expect((await join(token, { site: 'oslo', ...bad })).status).to.equal(400);
    }
  });

  it('A49 refuses a feed to clients and from positions that are none', async () => {
    const { authorization } = await introduction();
    const open = (after: string, as: string) =>
      fetch(`${primary.url}/api/v1/feed?after=${after}`, { headers: { authorization: as } });
    for (const [after, status] of [
      ['-1', 400],
      ['1e3', 400],
      ['999999999999999', 409],
      ['9999999999999999999', 400],
    ] as const) {
      expect((await open(after, authorization)).status, after).to.equal(status);
    }
    expect((await send(`${primary.url}/api/v1/feed?after=0`)).status).to.equal(403);
  });

  it('A49 gives the token of a site no write, and no account to manage', async () => {
    const headers = await introduction();
    for (const { url } of [primary, secondary]) {
      const push = await fetch(`${url}/v2/a/b/blobs/uploads/`, { method: 'POST', headers });
      expect(push.status).to.equal(403);
      expect((await fetch(`${url}/api/v1/sites`, { headers })).status).to.equal(403);
    }
  });

  it('A49 hears of no epoch and no position that a client makes up', async () => {
    const image = makeImage(10);
    await push({ site: primary.url, name: 'acme/app:v1' }, image);
    const headers = { 'meridian-epoch': '99', 'meridian-position': '999999' };
    for (const { url } of [primary, secondary]) {
      const answer = await send(`${url}/v2/acme/app/blobs/uploads/`, { method: 'POST', headers });
      expect(answer.status).to.equal(202);
    }
    expect(await primary.ports.sites.getRole()).to.deep.equal({ role: 'primary', epoch: 1 });
    await pull({ site: secondary.url, name: 'acme/app:v1' }, image);
  });

  it('T2 names its own token endpoint, also where it is the primary that asks', async () => {
    const from = `mount=sha256:${'a'.repeat(64)}&from=acme/other`;
    const url = `${secondary.url}/v2/acme/app/blobs/uploads/?${from}`;
    const answer = await send(url, { method: 'POST' });
    expect(answer.status).to.equal(401);
    const challenge = answer.headers.get('www-authenticate');
    expect(challenge).to.contain(`realm="${secondary.url}/`);
    expect(challenge).to.contain('repository:acme/other:pull');
  });

  it('A2 survives at the secondary what the primary refuses unread', async () => {
    const url = `${secondary.url}/v2/acme/app/manifests/large`;
    for (let n = 0; n < 3; n++) {
      const body = Buffer.alloc(12 * 1024 * 1024, ' ');
      const headers = { 'content-type': OCI_MANIFEST };
      const answer = await send(url, { method: 'PUT', body, headers }).catch(() => undefined);
      if (answer) expect(answer.status).to.be.oneOf([413, 503]);
    }
    expect((await send(`${secondary.url}/v2/acme/app/manifests/v1`)).status).to.equal(200);
  });

  it('A39 passes nothing on to another host that a client names', async () => {
    const other = await startRegistry();
    const line = openPrimary({ url: new URL(primary.url), clock });
    try {
      for (const path of [`${other.url}/v2/`, `//127.0.0.1:${other.port}/v2/`, 'http://[']) {
        const failed = await line.primarySite
          .forward({
            method: 'GET',
            path,
            headers: {},
            signal: new AbortController().signal,
            timeoutMs: 1000,
          })
          .catch((error: unknown) => error);
        expect(failed, path).to.have.property('message', 'the path names another host');
      }
    } finally {
      await line.close();
      await other.close();
    }
  });

  it('A49 ends the feed of a site that is taken out', async () => {
    const { changeLog } = secondary.ports;
    // A site whose feed is just being opened anew hears of nothing any more: it is refused.
    await until('the site follows', async () => ((await changeLog.readHead()).ageMs ?? 1e9) < 1500);
    const removed = await send(`${primary.url}/api/v1/sites/lisbon`, { method: 'DELETE' });
    expect(removed.status).to.equal(204);
    const head = await primary.ports.changeLog.head();
    const hasHeard = async () => (await changeLog.head()) === head;
    await until('the site hears that it is taken out', hasHeard);
    await push({ site: primary.url, name: 'acme/app:secret' }, makeImage(10));
    await clock.sleep(300);
    expect(await hasHeard()).to.equal(true);
    const headers = await introduction();
    expect((await fetch(`${primary.url}/api/v1/feed?after=0`, { headers })).status).to.equal(401);
  });

  /** What the secondary itself would say. */
  async function introduction(): Promise<{ authorization: string }> {
    return { authorization: secondary.authorize() };
  }
});
