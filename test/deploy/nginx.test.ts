/** nginx in front of a site: who sends which bytes, and who gets none (A3, A48). */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { Client } from '../conformance/client.ts';
import { type Answer, closeConnections, exchange } from '../conformance/exchange.ts';
import { type Content, Fixtures, NO_BYTES, withSha512 } from '../conformance/fixtures.ts';
import { Repository } from '../conformance/repository.ts';
import { ADMIN, findPort, startProgram } from '../support/programs/program.ts';
import {
  BEHIND_NGINX,
  LOCATION,
  type NginxStand,
  openFront,
  openNginxStand,
} from './nginx-stand.ts';

const SIZE = 3_000_000;
const SENDS_FILES = { 'X-Sendfile-Type': 'X-Accel-Redirect' };

describe('nginx in front of a site', function () {
  this.timeout(60_000);
  let stand: NginxStand;
  let metrics: URL;
  let repository: Repository;
  let blob: Content;

  before(async function () {
    const port = await findPort();
    metrics = new URL(`http://127.0.0.1:${port}/metrics`);
    stand = await openNginxStand(this, { MERIDIAN_METRICS_LISTEN: `127.0.0.1:${port}` });
    const client = new Client(stand.front.url, ADMIN);
    repository = new Repository(client, 'team/app', new Fixtures('nginx'));
    blob = await repository.pushNewBlob(SIZE);
  });
  after(async () => {
    closeConnections();
    await stand?.close();
  });

  /** What the site itself put on its lines so far. */
  async function bytesFromSite(): Promise<number> {
    const text = await (await fetch(metrics)).text();
    return Number(/^meridian_http_bytes_total\{direction="out"\} (\d+)/m.exec(text)?.[1]);
  }

  /** The same request at nginx and at the site, with the token that it needs. */
  async function askBoth(path: string, headers: OutgoingHttpHeaders = {}): Promise<Answer[]> {
    const url = new URL(path, stand.front.url);
    const all = await repository.client.headersFor(url, headers);
    const there = new URL(path, stand.site.url);
    return Promise.all([
      exchange({ method: 'GET', url, headers: all }),
      exchange({ method: 'GET', url: there, headers: all }),
    ]);
  }

  it('sends a blob from its file, with every header that the site gives', async () => {
    const before = await bytesFromSite();
    const [byNginx, bySite] = await askBoth(repository.path(`blobs/${blob.digest}`));
    expect(byNginx!.body.equals(blob.bytes)).to.equal(true);
    const after = await bytesFromSite();
    expect(after - before, 'once, and not twice').to.be.within(SIZE, SIZE + 10_000);
    expect(told(byNginx!)).to.deep.equal(told(bySite!));
    expect(byNginx!.headers).to.include({ 'docker-content-digest': blob.digest });
    expect(byNginx!.headers).to.include({ 'x-content-type-options': 'nosniff' });
  });

  const REQUESTS: Record<string, OutgoingHttpHeaders> = {
    'one range': { Range: 'bytes=100-199' },
    'the last bytes': { Range: 'bytes=-5' },
    'a range without an end': { Range: 'bytes=2999990-' },
    'two ranges': { Range: 'bytes=0-9,20-29' },
    'a range that is not there': { Range: 'bytes=9000000-' },
    'a range of another unit': { Range: 'lines=1-2' },
    'another ETag to match': { 'If-None-Match': '"other"' },
    'any ETag to match not': { 'If-None-Match': '*' },
    'an ETag that must match': { 'If-Match': '"other"' },
    'a date that it was not changed since': { 'If-Modified-Since': new Date().toUTCString() },
    'a date that it must not be changed since': {
      'If-Unmodified-Since': 'Sat, 01 Jan 2000 00:00:00 GMT',
    },
    'a range of something else': { Range: 'bytes=0-9', 'If-Range': '"other"' },
  };
  for (const [title, headers] of Object.entries(REQUESTS)) {
    it(`answers ${title} as the site does`, async () => {
      const [byNginx, bySite] = await askBoth(repository.path(`blobs/${blob.digest}`), headers);
      expect(byNginx!.status).to.equal(bySite!.status);
      expect(told(byNginx!)).to.deep.equal(told(bySite!));
      const [length, boundary] = [bySite!.body.length, '--'];
      expect(byNginx!.body.length).to.equal(length);
      const isMultipart = bySite!.body.includes(boundary);
      if (!isMultipart) expect(byNginx!.body.equals(bySite!.body)).to.equal(true);
    });
  }

  it('answers a range of the very blob, and a blob that the client has', async () => {
    const etag = `"${blob.digest}"`;
    const headers = { Range: 'bytes=0-9', 'If-Range': etag };
    const path = repository.path(`blobs/${blob.digest}`);
    const [ranged] = await askBoth(path, headers);
    expect(ranged!.status).to.equal(206);
    expect(ranged!.body.equals(blob.bytes.subarray(0, 10))).to.equal(true);
    const [unchanged] = await askBoth(path, { 'If-None-Match': etag });
    expect(unchanged!.status).to.equal(304);
  });

  it('sends an empty blob, one by sha512, and one whose colon is encoded', async () => {
    for (const content of [NO_BYTES, withSha512(blob)]) {
      await repository.pushBlob(content);
      const answer = await repository.send('GET', `blobs/${content.digest}`);
      expect(answer.status).to.equal(200);
      expect(answer.body.equals(content.bytes)).to.equal(true);
    }
    const [byNginx, bySite] = await askBoth(
      repository.path(`blobs/${blob.digest.replace(':', '%3A')}`),
    );
    expect(byNginx!.status).to.equal(bySite!.status);
  });

  it('leaves it to the site where nginx has not the file', async () => {
    const content = await repository.pushNewBlob(SIZE);
    const path = repository.path(`blobs/${content.digest}`);
    await using elsewhere = await openFront(stand, join(stand.folder, 'another-machine'));
    const url = new URL(path, elsewhere.url);
    const headers = await repository.client.headersFor(new URL(path, stand.front.url));
    const streamed = await exchange({ method: 'GET', url, headers });
    expect(streamed.status).to.equal(200);
    expect(streamed.body.equals(content.bytes)).to.equal(true);
    const refused = await exchange({ method: 'GET', url });
    expect(refused.status, 'and asks who it is again').to.equal(401);
    await rm(fileOf(stand.blobs, content.digest));
    const [gone, own] = await askBoth(path);
    expect(gone!.status).to.equal(own!.status).and.equal(404);
    expect(gone!.body.toString()).to.include('BLOB_UNKNOWN');
  });

  describe('the files', () => {
    const HEADERS: Record<string, OutgoingHttpHeaders> = {
      'no header': {},
      "nginx's own words": {
        ...SENDS_FILES,
        'X-Accel-Redirect': '/meridian-blobs/',
        'X-Original-URI': '/meridian-blobs/',
        'X-Rewrite-URL': '/meridian-blobs/',
        'X-Forwarded-For': '127.0.0.1',
        'X-Accel-Mapping': '/=/meridian-blobs/',
      },
    };
    for (const [title, headers] of Object.entries(HEADERS)) {
      it(`are not to be had without a token, with ${title} (A3)`, async () => {
        for (const path of waysTo(blob.digest)) {
          for (const method of ['GET', 'HEAD', 'POST']) {
            const { status, body } = await rawRequest(stand.front.url, { method, path, headers });
            expect(status, `${method} ${path}`).to.be.within(400, 499);
            expect(body.length, `${method} ${path}`).to.be.below(1000);
          }
        }
      });
    }

    it('are not to be had by an account that may not pull them', async () => {
      const headers = { ...SENDS_FILES, Authorization: 'Basic YWRtaW46d3Jvbmc=' };
      const path = repository.path(`blobs/${blob.digest}`);
      const { status } = await rawRequest(stand.front.url, { method: 'GET', path, headers });
      expect(status).to.equal(401);
    });

    it('include nothing that lies beside the blobs', async () => {
      const secret = join(dirname(stand.blobs), 'staging', 'secret');
      await mkdir(dirname(secret), { recursive: true });
      await writeFile(secret, 'secret');
      for (const path of [`${LOCATION}../staging/secret`, `/meridian-blobs../staging/secret`]) {
        const answer = await rawRequest(stand.front.url, { method: 'GET', path, headers: {} });
        expect(answer.status).to.be.within(400, 499);
      }
      await rm(secret);
    });
  });

  describe('the site', () => {
    it('sends the bytes itself to who does not say that it sends files', async () => {
      const path = repository.path(`blobs/${blob.digest}`);
      const headers = await repository.client.headersFor(new URL(path, stand.front.url));
      const url = new URL(path, stand.site.url);
      const plain = await exchange({ method: 'GET', url, headers });
      expect(plain.headers).not.to.have.property('x-accel-redirect');
      expect(plain.body.equals(blob.bytes)).to.equal(true);
      const told = await exchange({
        method: 'GET',
        url,
        headers: { ...headers, ...SENDS_FILES },
      });
      const hex = blob.digest.slice('sha256:'.length);
      const file = `${LOCATION}sha256/${hex.slice(0, 2)}/${hex}`;
      expect(told.headers).to.include({ 'x-accel-redirect': file, 'content-length': '0' });
    });

    it('sends the bytes itself to who is no proxy that it trusts', async () => {
      const env = { ...BEHIND_NGINX, MERIDIAN_TRUSTED_PROXIES: '192.0.2.1' };
      const site = await startProgram({ env });
      try {
        const client = new Client(site.url, ADMIN);
        const there = new Repository(client, 'team/app', new Fixtures('untrusted'));
        const { digest, bytes } = await there.pushNewBlob(1000);
        const answer = await there.send('GET', `blobs/${digest}`, { headers: SENDS_FILES });
        expect(answer.headers).not.to.have.property('x-accel-redirect');
        expect(answer.body.equals(bytes)).to.equal(true);
      } finally {
        await site.stop();
      }
    });

    it('shows its figures to nobody who comes over nginx (A53)', async () => {
      for (const path of ['/metrics', '//metrics', '/v2/../metrics', '/metrics/']) {
        const answer = await rawRequest(stand.front.url, { method: 'GET', path, headers: {} });
        expect(answer.status, path).to.equal(404);
      }
    });

    it('is asked over https alone, and knows the address that its client knows', async () => {
      const redirected = await exchange({ method: 'GET', url: stand.front.redirectUrl });
      expect(redirected.status).to.equal(308);
      expect(redirected.headers.location).to.match(/^https:/);
      const { port } = stand.front.url;
      const asked = await rawRequest(stand.front.url, {
        method: 'GET',
        path: '/v2/',
        headers: { Host: `registry.example:${port}`, 'X-Forwarded-Host': 'evil.example' },
      });
      const challenge = String(asked.headers['www-authenticate']);
      expect(challenge).to.include(`realm="http://registry.example:${port}/`);
    });
  });
});

/** Every way to write the path of the blob's file, and the blob's own without a token. */
function waysTo(digest: string): string[] {
  const hex = digest.slice('sha256:'.length);
  const file = `sha256/${hex.slice(0, 2)}/${hex}`;
  const beneath = `meridian-blobs/${file}`;
  return [
    `/${beneath}`,
    `//${beneath}`,
    `/./${beneath}`,
    `/%6Deridian-blobs/${file}`,
    `/meridian%2Dblobs/${file}`,
    `/meridian-blobs%2F${file}`,
    `/meridian-blobs/%2e%2e/blobs/${file}`,
    `/MERIDIAN-BLOBS/${file}`,
    `/v2/../${beneath}`,
    `/v2/%2e%2e/${beneath}`,
    `/v2/team/app/blobs/${digest}/../../../../../${beneath}`,
    `/v2/team/app/blobs/../../../../${beneath}`,
    `/meridian-blobs../content/blobs/${file}`,
    `/meridian-blobs/../meridian-blobs/${file}`,
    `/meridian-blobs;/${file}`,
    `/${beneath}?x=1`,
    `/${beneath}#`,
    `/${beneath}/`,
    `/@meridian-streams`,
    `/v2/team/app/blobs/${digest}`,
    `/v2/team/app/blobs/${digest}?token=x`,
  ];
}

/** Headers without those of one line or one moment. A 206 says of itself that ranges are taken. */
function told({ headers, status }: Answer): Record<string, unknown> {
  const { date: _date, server: _server, connection: _line, ...others } = headers;
  if (status === 206) delete others['accept-ranges'];
  const { 'keep-alive': _alive, 'content-type': type, ...rest } = others;
  return { ...rest, type: String(type).split(';')[0] };
}

function fileOf(blobs: string, digest: string): string {
  const [algorithm = '', hex = ''] = digest.split(':');
  return join(blobs, algorithm, hex.slice(0, 2), hex);
}

interface RawRequest {
  readonly method: string;
  /** Sent as it is. */
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
}

async function rawRequest({ hostname, port }: URL, { method, path, headers }: RawRequest) {
  const outgoing = request({ hostname, port, method, path, headers, agent: false });
  outgoing.end();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
  });
  const body = await buffer(response);
  return { status: response.statusCode ?? 0, headers: response.headers, body };
}
