import { createHmac } from 'node:crypto';
import { expect } from 'chai';
import { ENVELOPE_TYPE } from '../../../src/events/envelope.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { OCI_MANIFEST, OCTET_STREAM } from '../../../src/oci/media-type.ts';
import { openReceiver, type Receiver, type Told } from '../../storage/http/receiver.ts';
import {
  type OpenPorts,
  openMemoryPorts,
  openPostgresPorts,
  type TestPorts,
} from '../../support/ports.ts';
import { type Image, invite, makeImage, pull, push, send, until } from '../client.ts';
import { startPrimary, startSecondary, type TestSite } from '../site.ts';

describeDeeds('in memory', openMemoryPorts);
describeDeeds('on PostgreSQL and a file system', openPostgresPorts);

const KEY = Buffer.alloc(32, 7);
const SECRET = `whsec_${KEY.toString('base64')}`;
const SETTINGS = { MERIDIAN_WEBHOOK_NETWORKS: '127.0.0.0/8', MERIDIAN_WEBHOOK_ATTEMPTS: '2' };

/** An event as the documentation of distribution has it. */
interface Notified {
  readonly id: string;
  readonly timestamp: string;
  readonly action: string;
  readonly target: {
    readonly repository: string;
    readonly tag?: string;
    readonly digest?: string;
    readonly [field: string]: unknown;
  };
  readonly request: { readonly method: string; readonly [field: string]: unknown };
  readonly actor: { readonly name?: string };
  readonly source: { readonly addr: string; readonly instanceID: string };
}

/** As the other side would do it: by what the specification says alone. */
function isSigned({ headers, body }: Told): boolean {
  const signed = [headers['webhook-id'], headers['webhook-timestamp'], body].join('.');
  const expected = createHmac('sha256', KEY).update(signed).digest('base64');
  return headers['webhook-signature'] === `v1,${expected}`;
}

const read = ({ body }: Told): Notified => {
  const { events } = JSON.parse(body) as { events: Notified[] };
  expect(events).to.have.lengthOf(1);
  return events[0]!;
};

/** Every field that the documentation names. */
function expectPush(pushed: Notified, image: Image, url: string): void {
  expect(pushed.target).to.deep.equal({
    mediaType: OCI_MANIFEST,
    digest: image.digest,
    size: image.manifest.length,
    length: image.manifest.length,
    repository: 'acme/app',
    url: `${url}/v2/acme/app/manifests/${image.digest}`,
    tag: 'v1',
  });
  const { host } = new URL(url);
  expect(pushed.request).to.include({ addr: '127.0.0.1', host, method: 'PUT' });
  expect(pushed.request['id']).to.match(/^[0-9a-f-]{36}$/);
  expect(pushed.request['useragent']).to.be.a('string').that.is.not.equal('');
  expect(pushed.actor).to.deep.equal({ name: 'admin' });
  expect(pushed.source.instanceID).to.match(/^[0-9a-f-]{36}$/);
  expect(pushed.source.addr).to.match(/:\d+$/);
  expect(Date.parse(pushed.timestamp)).to.be.closeTo(Date.now(), 60_000);
}

function describeDeeds(where: string, openPorts: OpenPorts): void {
  describe(`events of what clients do ${where}`, () => {
    const opened: TestPorts[] = [];
    let primary: TestSite;
    let receiver: Receiver;

    const open = async () => {
      const ports = await openPorts();
      opened.push(ports);
      return ports;
    };
    const put = (body: object, name = 'ci') =>
      send(`${primary.url}/api/v1/webhooks/${name}`, {
        method: 'PUT',
        body: JSON.stringify({ url: receiver.url, ...body }),
        headers: { 'content-type': 'application/json' },
      });
    /** From `acme/app` into `acme/web`, with a token for both. */
    const mount = async (digest: string) => {
      const scopes = ['acme/web:pull,push', 'acme/app:pull'].map((text) => `repository:${text}`);
      const query = new URLSearchParams();
      for (const scope of scopes) query.append('scope', scope);
      const given = await send(`${primary.url}/jwt/auth?service=test&${query.toString()}`);
      const { token } = (await given.json()) as { readonly token: string };
      const path = `/v2/acme/web/blobs/uploads/?mount=${digest}&from=acme/app`;
      const headers = { authorization: `Bearer ${token}` };
      const answer = await fetch(`${primary.url}${path}`, { method: 'POST', headers });
      expect(answer.status).to.equal(201);
    };
    const remove = async (path: string) => {
      const answer = await send(`${primary.url}${path}`, { method: 'DELETE' });
      expect(answer.status, await answer.text()).to.be.within(200, 299);
    };

    beforeEach(async function () {
      this.timeout(60_000);
      primary = await startPrimary('tokyo', await open(), SETTINGS);
      receiver = await openReceiver();
    });

    afterEach(async () => {
      await primary.stop();
      await receiver.close();
      await Promise.all(opened.splice(0).map((ports) => ports.close()));
    });

    it('tells of each push, mount, pull and delete as distribution does', async function () {
      this.timeout(60_000);
      const headers = { Authorization: 'Bearer a-token' };
      const made = await put({ format: 'distribution', headers, secret: SECRET });
      expect(made.status, await made.text()).to.equal(201);
      const image = makeImage(100);
      const [config, layer] = [digestOf(image.config), digestOf(image.layers[0]!)];
      await push({ site: primary.url, name: 'acme/app:v1' }, image);
      await until('the push is told', async () => receiver.told.length === 3);
      await pull({ site: primary.url, name: 'acme/app:v1' }, image);
      await until('the pull is told', async () => receiver.told.length === 6);
      await mount(layer);
      await remove('/v2/acme/app/manifests/v1');
      await remove(`/v2/acme/app/manifests/${image.digest}`);
      await remove(`/v2/acme/app/blobs/${layer}`);
      await remove('/api/v1/repositories/acme/app');
      await until('all is told', async () => receiver.told.length === 11);

      const events = receiver.told.map(read);
      const ofApp = events.filter(({ target }) => target.repository === 'acme/app');
      const brief = ofApp.map(({ action, target }) => `${action} ${target.tag ?? target.digest}`);
      expect(brief).to.deep.equal([
        `push ${config}`,
        `push ${layer}`,
        'push v1',
        'pull v1',
        `pull ${config}`,
        `pull ${layer}`,
        'delete v1',
        `delete ${image.digest}`,
        `delete ${layer}`,
        'delete undefined',
      ]);
      expect(new Set(events.map(({ id }) => id)).size).to.equal(11);
      expect(receiver.told.map(({ body }) => body).join()).to.not.match(/a-token|_state|Bearer/);
      for (const one of receiver.told) {
        expect(one.headers).to.include({ 'content-type': ENVELOPE_TYPE });
        expect(one.headers).to.include({ authorization: 'Bearer a-token' });
        expect(isSigned(one)).to.equal(true);
      }
      expectPush(ofApp[2]!, image, primary.url);
      expect(ofApp[0]!.target).to.include({ mediaType: OCTET_STREAM, size: image.config.length });
      expect(ofApp[3]!.request).to.include({ method: 'GET' });
      expect(ofApp[3]!.target).to.deep.equal(ofApp[2]!.target);
      const deleted = { digest: image.digest, repository: 'acme/app' };
      expect(ofApp[7]!.target).to.deep.equal(deleted);
      expect(ofApp[9]!.target).to.deep.equal({ repository: 'acme/app' });
      const mounted = events.find(({ action }) => action === 'mount');
      expect(mounted!.target).to.include({ digest: layer, fromRepository: 'acme/app' });
    });

    it('tells as CloudEvents what was asked for', async function () {
      this.timeout(60_000);
      const wants = { types: ['push', 'delete'], mediaTypes: [OCI_MANIFEST] };
      await put({ ...wants, repositories: ['acme/*'], sites: ['tokyo'] });
      const image = makeImage(100);
      await push({ site: primary.url, name: 'other/app:v1' }, image);
      await push({ site: primary.url, name: 'acme/app:v1' }, image);
      await remove('/v2/acme/app/manifests/v1');
      await until('all is told', async () => receiver.told.length === 2);
      const [pushed, deleted] = receiver.told.map(({ body }) => JSON.parse(body) as object);
      const common = { source: '/test/tokyo', subject: 'acme/app', specversion: '1.0' };
      expect(pushed).to.include({ ...common, type: 'meridian.push' });
      expect(deleted).to.include({ ...common, type: 'meridian.delete' });
      expect((pushed as { data: object }).data).to.include({ tag: 'v1', actor: 'admin' });
    });

    it('tells of pulls at another site, and not of what the site reads', async function () {
      this.timeout(60_000);
      await put({ types: ['pull'] });
      const image = makeImage(100);
      await push({ site: primary.url, name: 'acme/app:v1' }, image);
      const secondary = await startSecondary('lisbon', await open(), {
        primaryUrl: primary.url,
        joinToken: await invite(primary, 'lisbon'),
      });
      try {
        const head = () => primary.ports.changeLog.head();
        await until('it is there', async () => {
          return (await secondary.ports.changeLog.head()) === (await head());
        });
        await pull({ site: secondary.url, name: 'acme/app:v1' }, image);
        await until('the pull is told', async () => receiver.told.length === 3);
      } finally {
        await secondary.stop();
      }
      const events = receiver.told.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
      expect(events.map(({ source }) => source)).to.deep.equal(Array(3).fill('/test/lisbon'));
      expect(events[0]!['data']).to.include({ tag: 'v1', digest: image.digest, actor: 'admin' });
      await primary.stopReplication();
      expect(await primary.ports.outbox.list('ci', { limit: 9 })).to.deep.equal([]);
    });

    it('gives up what one did not take that is gone, and tells the others', async function () {
      this.timeout(60_000);
      const gone = await openReceiver();
      await gone.close();
      await put({ url: gone.url, types: ['push'], backoffMs: 100, threshold: 1000 }, 'gone');
      await put({ format: 'distribution', types: ['push'] });
      await push({ site: primary.url, name: 'acme/app:v1' }, makeImage(100));
      await until('the push is told', async () => receiver.told.length === 3);
      await until(
        'it is given up',
        async () => (await primary.ports.outbox.count('gone')).dead === 3,
      );
      const list = await send(`${primary.url}/api/v1/webhooks/gone/deliveries?state=dead`);
      const { deliveries } = (await list.json()) as { deliveries: { reason: string }[] };
      expect(deliveries.map(({ reason }) => reason)).to.deep.equal(Array(3).fill('no-connection'));
    });
  });
}
