/** What clients trip over when they pull, and odd content: T10 to T13, T22 to T25, T30, T33. */
import { expect } from 'chai';
import { expectError } from '../errors.ts';
import { type Answer, headerOf } from '../exchange.ts';
import {
  type Content,
  contentOf,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  descriptorOf,
  EMPTY_JSON,
  imageOf,
  manifestOf,
  OCI_MANIFEST,
} from '../fixtures.ts';
import { expectContent, expectStatus, type Repository } from '../repository.ts';
import type { Stage } from '../stage.ts';

export function describePullTraps(stage: Stage): void {
  describe('Traps of pulling', () => {
    describeHead(stage);
    describeTransfer(stage);
    describePaths(stage);
  });
  describe('Traps of odd content', () => describeOddContent(stage));
}

const SAME_HEADERS = [
  'content-type',
  'content-length',
  'docker-content-digest',
  'etag',
  'accept-ranges',
  'cache-control',
];

async function expectHeadLikeGet(repository: Repository, path: string): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    const get = await repository.send('GET', path, { follow: false });
    const head = await repository.send('HEAD', path);
    // A blob that lies elsewhere is redirected on GET only: its URL is signed for GET.
    if (get.status === 307) {
      expectStatus(head, 200);
      continue;
    }
    expect(head.status).to.equal(get.status);
    for (const name of SAME_HEADERS) expect(head.headers[name], name).to.equal(get.headers[name]);
  }
}

function describeHead(stage: Stage): void {
  it('T10 answers HEAD as GET in status and headers, also from a cache', async () => {
    const repository = stage.repository();
    const { manifest, layer } = await repository.pushImage('v1');
    await expectHeadLikeGet(repository, 'manifests/v1');
    await expectHeadLikeGet(repository, `manifests/${manifest.digest}`);
    await expectHeadLikeGet(repository, `blobs/${layer.digest}`);
    await expectHeadLikeGet(repository, 'manifests/missing');
  });

  it('T11 asks the caller of HEAD for the same as the caller of GET', async function () {
    stage.credentials(this);
    const repository = stage.repository();
    const { layer } = await repository.pushImage('v1');
    for (const path of ['manifests/v1', `blobs/${layer.digest}`]) {
      const answers = await Promise.all(
        ['GET', 'HEAD'].map((method) => repository.send(method, path, { authorization: '' })),
      );
      for (const answer of answers) expectStatus(answer, 401);
      const [get, head] = answers.map((answer) => headerOf(answer, 'WWW-Authenticate'));
      expect(head).to.equal(get);
    }
  });
}

function describeTransfer(stage: Stage): void {
  it('T12 compresses nothing', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage('v1', {
      annotations: { long: 'x'.repeat(5000) },
    });
    const headers = { 'Accept-Encoding': 'gzip, br, zstd' };
    for (const path of ['manifests/v1', 'tags/list', `referrers/${manifest.digest}`]) {
      const answer = await repository.send('GET', path, { headers });
      expect(answer.headers['content-encoding']).to.equal(undefined);
    }
  });

  it('T13 does not redirect manifests', async () => {
    const repository = stage.repository();
    await repository.pushImage('v1');
    expectStatus(await repository.send('GET', 'manifests/v1', { follow: false }), 200);
  });

  it('T33 answers several ranges with multipart/byteranges or with the whole blob', async () => {
    const repository = stage.repository();
    const blob = await repository.pushNewBlob(2048);
    const answer = await repository.getBlob(blob.digest, { Range: 'bytes=0-99,500-599' });
    expectStatus(answer, 206, 200);
    if (answer.status === 200) return expectContent(answer, blob);
    const parts = partsOf(answer);
    expect(parts).to.have.lengthOf(2);
    expect(parts[0]?.equals(blob.bytes.subarray(0, 100))).to.equal(true);
    expect(parts[1]?.equals(blob.bytes.subarray(500, 600))).to.equal(true);
  });

  it('T33 gives the whole blob rather than very many ranges of it', async () => {
    const repository = stage.repository();
    const blob = await repository.pushNewBlob(2048);
    const ranges = Array.from({ length: 2000 }, () => '0-').join(',');
    const answer = await repository.getBlob(blob.digest, { Range: `bytes=${ranges}` });
    expectStatus(answer, 200);
    expectContent(answer, blob);
  });
}

/** The bodies of a `multipart/byteranges` answer. */
function partsOf(answer: Answer): Buffer[] {
  const type = headerOf(answer, 'Content-Type');
  const boundary = /^multipart\/byteranges; *boundary="?([^";]+)"?$/.exec(type)?.[1];
  if (boundary === undefined) throw new Error(`Content-Type is ${type}`);
  return answer.body
    .toString('latin1')
    .split(`--${boundary}`)
    .slice(1, -1)
    .map((part) => part.slice(part.indexOf('\r\n\r\n') + 4, -2))
    .map((part) => Buffer.from(part, 'latin1'));
}

function encode(digest: string): string {
  return digest.replace(':', '%3A');
}

function describePaths(stage: Stage): void {
  it('T30 decodes %3A in a digest and takes %2F for a bad name', async () => {
    const repository = stage.repository();
    const { manifest, layer } = await repository.pushImage('v1');
    expectContent(await repository.getManifest(encode(manifest.digest)), manifest);
    expectContent(await repository.getBlob(encode(layer.digest)), layer);
    const slashed = repository.name.replaceAll('/', '%2F');
    const answer = await stage.client.send('GET', `/v2/${slashed}/manifests/v1`);
    expectError(answer, 400, 'NAME_INVALID');
  });
}

const LAYERS = [
  'application/vnd.oci.image.layer.v1.tar+zstd',
  'application/vnd.docker.image.rootfs.diff.tar.gzip',
  'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
  'application/vnd.wasm.content.layer.v1+wasm',
  'application/vnd.dev.cosign.simplesigning.v1+json',
  'application/vnd.in-toto+json',
];

/** Pushes the manifest under the tag and pulls it again. */
async function expectKept(repository: Repository, manifest: Content, tag: string): Promise<void> {
  await repository.pushManifest(manifest, tag);
  const answer = await repository.getManifest(tag);
  expectContent(answer, manifest);
  expect(headerOf(answer, 'Content-Type')).to.equal(manifest.mediaType);
}

function describeOddContent(stage: Stage): void {
  it('T22 keeps every media type of manifest and layer', async () => {
    const repository = stage.repository();
    const { config, layer } = await repository.pushImage();
    const fields = { config: descriptorOf(config), layers: [descriptorOf(layer)] };
    const docker = manifestOf(DOCKER_MANIFEST, fields);
    await expectKept(repository, docker, 'docker');
    const list = manifestOf(DOCKER_LIST, { manifests: [descriptorOf(docker)] });
    await expectKept(repository, list, 'list');
    const layers = LAYERS.map((mediaType) => ({ ...layer, mediaType }));
    await expectKept(repository, imageOf(config, layers), 'layers');
    const zstd = {
      ...descriptorOf(layer),
      annotations: { 'io.github.containers.zstd-chunked.manifest-position': '1:2:3:1' },
    };
    const foreign = {
      ...descriptorOf(stage.fixtures.blob()),
      mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
      urls: ['https://example.com/layer'],
    };
    await expectKept(repository, imageOf(config, [], { layers: [zstd, foreign] }), 'more');
  });

  it('T23 takes the tags under which cosign and notation keep signatures', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage('v1');
    await repository.pushBlob(EMPTY_JSON);
    const signature = imageOf(EMPTY_JSON, []);
    const base = manifest.digest.replace(':', '-');
    for (const tag of [`${base}.sig`, `${base}.att`, `${base}.sbom`]) {
      await expectKept(repository, signature, tag);
    }
  });

  it('T24 takes a BuildKit cache that is written as an image', async () => {
    const repository = stage.repository();
    const { config, layer } = await repository.pushImage();
    const mediaType = 'application/vnd.buildkit.cacheconfig.v0';
    await expectKept(repository, imageOf({ ...config, mediaType }, [layer]), 'cache');
  });

  it('T25 takes a Helm chart, whose + became _ in the tag', async () => {
    const repository = stage.repository('charts/web');
    const chart = { name: 'web', version: '1.2.3+build.5', apiVersion: 'v2' };
    const config = contentOf(
      Buffer.from(JSON.stringify(chart)),
      'application/vnd.cncf.helm.config.v1+json',
    );
    await repository.pushBlob(config);
    const layer = { ...(await repository.pushNewBlob()), mediaType: LAYERS[2] ?? '' };
    const manifest = imageOf(config, [layer]);
    expect(manifest.mediaType).to.equal(OCI_MANIFEST);
    await expectKept(repository, manifest, '1.2.3_build.5');
  });
}
