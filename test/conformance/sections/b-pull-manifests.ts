/** Checklist B: pulling manifests (16 to 26). */
import { expect } from 'chai';
import { expectError } from '../errors.ts';
import { headerOf } from '../exchange.ts';
import { DOCKER_MANIFEST, digestOf, indexOf, OCI_INDEX, withSha512 } from '../fixtures.ts';
import { expectContent, expectStatus } from '../repository.ts';
import type { Stage } from '../stage.ts';

const SAME_HEADERS = ['content-type', 'content-length', 'docker-content-digest'];

export function describeManifestPulls(stage: Stage): void {
  describe('B. Pulling manifests', () => {
    describeGet(stage);
    describeAccept(stage);
    describeCaching(stage);
  });
}

function describeGet(stage: Stage): void {
  it('16 gives the exact bytes that were pushed', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage('v1');
    expectContent(await repository.getManifest('v1'), manifest);
    expectContent(await repository.getManifest(manifest.digest), manifest);
  });

  it('17 gives the Content-Type of the push, without parameters', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage('v1');
    const index = await repository.pushManifest(indexOf([manifest]), 'index');
    expect(headerOf(await repository.getManifest('v1'), 'Content-Type')).to.equal(
      manifest.mediaType,
    );
    expect(headerOf(await repository.getManifest(index.digest), 'Content-Type')).to.equal(
      OCI_INDEX,
    );
  });

  it('18 gives the digest that the client used, sha512 included', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage('v1');
    for (const reference of ['v1', manifest.digest]) {
      const answer = await repository.getManifest(reference);
      expect(headerOf(answer, 'Docker-Content-Digest')).to.equal(manifest.digest);
    }
    const long = await repository.pushManifest(withSha512(manifest));
    const answer = await repository.getManifest(long.digest);
    expect(headerOf(answer, 'Docker-Content-Digest')).to.equal(long.digest);
  });

  it('19 gives the length in bytes', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage('v1', { annotations: { name: 'Größe ✓' } });
    const answer = await repository.getManifest('v1');
    expect(headerOf(answer, 'Content-Length')).to.equal(String(manifest.bytes.length));
  });

  it('20 answers HEAD with the headers of GET, the first time and every later time', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage('v1');
    for (const reference of ['v1', manifest.digest, 'v1', manifest.digest]) {
      const head = await repository.headManifest(reference);
      const get = await repository.getManifest(reference);
      expectStatus(head, 200);
      expect(head.body).to.have.lengthOf(0);
      for (const name of SAME_HEADERS) expect(head.headers[name], name).to.equal(get.headers[name]);
      expect(headerOf(head, 'Content-Length')).to.equal(String(manifest.bytes.length));
    }
  });

  it('21 answers 404 MANIFEST_UNKNOWN for what is not there', async () => {
    const repository = stage.repository();
    await repository.pushImage('v1');
    for (const reference of ['missing', digestOf(Buffer.from('missing'))]) {
      expectError(await repository.getManifest(reference), 404, 'MANIFEST_UNKNOWN');
      const head = await repository.headManifest(reference);
      expectStatus(head, 404);
      expect(head.body).to.have.lengthOf(0);
    }
  });

  it('22 answers 404 or 400 for a bad digest string', async () => {
    const repository = stage.repository();
    await repository.pushImage('v1');
    expectStatus(await repository.getManifest('sha256:baddigeststring'), 404, 400);
    expectStatus(await repository.headManifest('sha256:baddigeststring'), 404, 400);
  });
}

function describeAccept(stage: Stage): void {
  it('23 gives the stored manifest for any form of Accept that can mean it', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage('v1');
    const accepts = [
      { Accept: '' },
      { Accept: '*/*' },
      { Accept: 'application/json' },
      { Accept: `${DOCKER_MANIFEST}, ${manifest.mediaType}` },
      { Accept: `${OCI_INDEX};q=0.5,${manifest.mediaType};q=0.9` },
      { Accept: [DOCKER_MANIFEST, manifest.mediaType] },
    ];
    for (const headers of accepts) {
      const answer = await repository.send('GET', 'manifests/v1', { headers });
      expectContent(answer, manifest);
      expect(headerOf(answer, 'Content-Type')).to.equal(manifest.mediaType);
    }
  });

  it('24 never converts, and never picks a platform out of an index', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage();
    const index = await repository.pushManifest(indexOf([manifest]), 'v1');
    const answer = await repository.getManifest('v1', { Accept: manifest.mediaType });
    if (answer.status === 404) expectError(answer, 404, 'MANIFEST_UNKNOWN');
    else expectContent(answer, index);
  });
}

function describeCaching(stage: Stage): void {
  it('25 gives the digest as ETag and answers If-None-Match with 304', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage('v1');
    const etag = headerOf(await repository.getManifest('v1'), 'ETag');
    expect(etag).to.equal(`"${manifest.digest}"`);
    const again = await repository.getManifest('v1', { 'If-None-Match': etag });
    expectStatus(again, 304);
    expect(again.body).to.have.lengthOf(0);
    const other = { 'If-None-Match': `"${digestOf(Buffer.from('other'))}"` };
    expectStatus(await repository.getManifest('v1', other), 200);
  });

  it('26 lets digests be cached for ever and tags not without asking', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage('v1');
    const byDigest = await repository.getManifest(manifest.digest);
    expect(headerOf(byDigest, 'Cache-Control')).to.include('immutable');
    const byTag = await repository.getManifest('v1');
    expect(headerOf(byTag, 'Cache-Control')).to.include('no-cache');
  });
}
