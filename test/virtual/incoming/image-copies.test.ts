import { expect } from 'chai';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import type { ToldImage } from '../../../src/storage/events/external-images.ts';
import { IMAGE, INDEX, recordOf, repositoryNamed, tagNamed } from '../../support/content.ts';
import { openMemoryPorts, type TestPorts } from '../../support/ports.ts';
import { makeImage, push, send, until } from '../../two-sites/client.ts';
import { startPrimary, type TestSite } from '../../two-sites/site.ts';
import { fail, wrongBytes } from '../misdeeds.ts';
import { TestUpstream } from '../upstream.ts';

const CONFIG = 'application/vnd.oci.image.config.v1+json';

describe('copies of external images', () => {
  let ports: TestPorts;
  let site: TestSite;
  let upstream: TestUpstream;

  beforeEach(async () => {
    ports = await openMemoryPorts();
    upstream = await TestUpstream.start();
    site = await startPrimary('tokyo', ports, { MERIDIAN_UPSTREAM_NETWORKS: '127.0.0.1' });
    const made = await send(`${site.url}/api/v1/virtual_upstreams/partner`, {
      method: 'PUT',
      body: JSON.stringify({ url: upstream.url, copyTo: 'mirrors' }),
      headers: { 'content-type': 'application/json' },
    });
    expect(made.status).to.equal(201);
  });
  afterEach(async () => {
    await site.stop();
    await upstream.close();
  });

  /** Has the image copied, as if it had been told. */
  const tell = async (digest: Digest, name = 'acme/app') => {
    const image = repositoryNamed(name);
    const at = new Date();
    const told: ToldImage = {
      eventId: digest,
      source: 'partner.test',
      repository: image,
      digest,
      tag: tagNamed('v1'),
      mediaType: IMAGE,
      actor: '',
      pushedAt: at,
      receivedAt: at,
    };
    const copiedAs = repositoryNamed(`mirrors/${name}`);
    const order = { upstream: 'partner', image, copiedAs };
    await ports.externalImages.record([{ image: told, order }]);
  };
  const find = async () => (await ports.externalImages.list({ limit: 1 }))[0]!;

  it('take no bytes that lie here for somebody else (A33)', async () => {
    const secret = makeImage(500);
    await push({ site: site.url, name: 'private/app:v1' }, secret);
    const [layer] = secret.layers;
    const config = upstream.putBlob('acme/app', 'config');
    const { content, digest } = recordOf(IMAGE, {
      config: { mediaType: CONFIG, digest: config, size: 6 },
      layers: [{ mediaType: CONFIG, digest: digestOf(layer!), size: layer!.length }],
    });
    upstream.putManifest('acme/app', { content, mediaType: IMAGE });
    await tell(digest);
    await until('it is given up', async () => (await find()).state === 'failed');
    expect((await find()).message).to.include('no blob');
    const stolen = await send(`${site.url}/v2/mirrors/acme/app/blobs/${digestOf(layer!)}`);
    expect(stolen.status).to.equal(404);
  });

  it('keep nothing of other bytes than those of the digest (A32)', async () => {
    const image = upstream.putImage('acme/app', 'v1', 'a');
    upstream.misbehave(wrongBytes, 'blob');
    await tell(image.digest);
    await until('it was tried', async () => (await find()).attempts > 0);
    expect((await find()).state).to.equal('waiting');
    const tag = ports.metadata.findTag(repositoryNamed('mirrors/acme/app'), tagNamed('v1'));
    expect(await tag).to.equal(undefined);
  });

  it('hold no more manifests in memory than any image has (A38)', async () => {
    const blob = { mediaType: CONFIG, digest: upstream.putBlob('acme/app', 'config'), size: 6 };
    const padding = 'x'.repeat(4_000_000);
    const manifests = Array.from({ length: 17 }, (_, number) => {
      const annotations = { number: String(number), padding };
      const child = recordOf(IMAGE, { config: blob, layers: [], annotations });
      upstream.putManifest('acme/app', { content: child.content, mediaType: IMAGE });
      return { mediaType: IMAGE, digest: child.digest, size: child.content.length };
    });
    const { content, digest } = recordOf(INDEX, { manifests });
    upstream.putManifest('acme/app', { content, mediaType: INDEX });
    await tell(digest);
    await until('it is given up', async () => (await find()).state === 'failed');
    expect((await find()).message).to.include('too large together');
  });

  it('are tried again where the registry was away for a moment', async () => {
    const image = upstream.putImage('acme/app', 'v1', 'a');
    upstream.misbehave(fail(500), 'manifest', 1);
    await tell(image.digest);
    await until('it is copied', async () => (await find()).state === 'copied');
    expect((await find()).attempts).to.equal(2);
    const pulled = await send(`${site.url}/v2/mirrors/acme/app/manifests/v1`);
    expect(pulled.headers.get('docker-content-digest')).to.equal(image.digest);
  });
});
