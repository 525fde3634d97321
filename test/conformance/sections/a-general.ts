/** Checklist A: ping, names and errors (1 to 15). */
import { expect } from 'chai';
import { Client } from '../client.ts';
import { errorsOf, expectError } from '../errors.ts';
import { headerOf, jsonOf } from '../exchange.ts';
import { digestOf } from '../fixtures.ts';
import { expectContent, expectStatus } from '../repository.ts';
import type { Stage } from '../stage.ts';

const UNKNOWN = digestOf(Buffer.from('never pushed'));

export function describeGeneral(stage: Stage): void {
  describe('A. Ping, names and errors', () => {
    describePing(stage);
    describeNames(stage);
    describeErrors(stage);
  });
}

function describePing(stage: Stage): void {
  it('1 answers GET /v2/ with 200', async () => {
    expectStatus(await stage.client.send('GET', '/v2/'), 200);
  });

  it('2 challenges an anonymous GET /v2/ with an absolute realm', async function () {
    stage.credentials(this);
    const answer = await new Client(stage.url).send('GET', '/v2/', { authorization: '' });
    expectStatus(answer, 401);
    expect(headerOf(answer, 'WWW-Authenticate')).to.match(/^Bearer realm="https?:\/\/[^"]+"/);
  });

  it('3 names the API version on every answer, a 401 included', async function () {
    const answers = [
      await stage.client.send('GET', '/v2/'),
      await stage.client.send('GET', '/v2/', { authorization: '' }),
      await stage.repository().headManifest('latest'),
    ];
    for (const answer of answers) {
      expect(headerOf(answer, 'Docker-Distribution-Api-Version')).to.equal('registry/2.0');
    }
  });
}

function describeNames(stage: Stage): void {
  it('4 takes names of any depth and refuses bad ones with NAME_INVALID', async () => {
    const deep = stage.repositoryAt(`${stage.fixtures.name()}/a.b/c_d/e__f/g---h/i/j/k/l/m`);
    await deep.pushImage('v1');
    expectStatus(await deep.getManifest('v1'), 200);
    for (const name of ['UPPER', 'a/_b', 'a..b', 'a___b', '-a', 'a/-b', 'a./b']) {
      const answer = await stage.client.send('GET', `/v2/${name}/tags/list`);
      expectError(answer, 400, 'NAME_INVALID');
    }
  });

  it('5 refuses to create a repository whose host and name exceed 255 characters', async () => {
    const room = 255 - stage.url.host.length - 1;
    const prefix = `${stage.fixtures.name()}/`;
    const longest = stage.repositoryAt(prefix + 'a'.repeat(room - prefix.length));
    expectStatus(await longest.startUpload(), 202);
    const tooLong = stage.repositoryAt(`${longest.name}a`);
    expectError(await tooLong.startUpload(), 400, 'NAME_INVALID');
  });

  it('6 routes names that contain the keywords of the paths', async () => {
    const base = stage.fixtures.name();
    for (const end of ['a/blobs/b', 'x/manifests', 'tags/list', 'blobs/uploads', 'x/referrers']) {
      const repository = stage.repositoryAt(`${base}/${end}`);
      const { layer, manifest } = await repository.pushImage('v1');
      expectContent(await repository.getManifest('v1'), manifest);
      expectContent(await repository.getBlob(layer.digest), layer);
      expect(jsonOf(await repository.tags())).to.have.property('name');
    }
  });

  it('7 takes tags of 128 characters and nothing that is neither tag nor digest', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage('v1');
    const longest = `_${'a.B-'.repeat(31)}abc`;
    expect(longest).to.have.lengthOf(128);
    expectStatus(await repository.putManifest(manifest, longest), 201);
    for (const bad of [`${longest}x`, '.a', '-a', 'a+b', 'a%20b']) {
      expectStatus(await repository.putManifest(manifest, bad), 400, 404);
      expectStatus(await repository.getManifest(bad), 400, 404);
    }
  });

  it('8 refuses digests of the wrong length, case or algorithm', async () => {
    const repository = stage.repository();
    await repository.pushImage('v1');
    const hex = UNKNOWN.slice('sha256:'.length);
    const bad = [`sha256:${hex.slice(1)}`, `sha256:${hex.toUpperCase()}`, `sha256:${hex}0`];
    for (const digest of [...bad, `sha512:${hex}`, `md5:${hex.slice(32)}`, `SHA256:${hex}`]) {
      expectStatus(await repository.getBlob(digest), 400, 404);
      const upload = await repository.openUpload();
      expectStatus(await repository.close(upload, digest, { body: Buffer.from('x') }), 400);
    }
  });
}

function describeErrors(stage: Stage): void {
  it('9 answers 404 for an unknown repository', async () => {
    const repository = stage.repository('unknown');
    expectStatus(await repository.getManifest('latest'), 404);
    expectStatus(await repository.getBlob(UNKNOWN), 404);
    expectStatus(await repository.tags(), 404);
  });

  it('10 writes every error as JSON with a code of the specification', async () => {
    const repository = stage.repository();
    await repository.pushImage('v1');
    const upload = await repository.openUpload();
    const answers = [
      await repository.getManifest('missing'),
      await repository.getBlob(UNKNOWN),
      await repository.tags('?n=-1'),
      await repository.close(upload, 'sha256:bad', { body: Buffer.from('x') }),
      await repository.putManifest({ ...EMPTY_OBJECT, digest: 'v2' }),
      await repository.patch(await repository.openUpload(), Buffer.from('late'), '7-10'),
    ];
    for (const answer of answers) {
      expect(answer.status).to.be.within(400, 499);
      expect(headerOf(answer, 'Content-Type')).to.match(/^application\/json/);
      errorsOf(answer);
    }
  });

  it('11 never claims JSON on a 404 with an empty body', async () => {
    const repository = stage.repository('unknown');
    const paths = ['manifests/latest', `blobs/${UNKNOWN}`, 'tags/list', 'blobs/uploads/none'];
    for (const path of paths) {
      const answer = await repository.send('GET', path);
      expectStatus(answer, 404);
      errorsOf(answer);
    }
  });

  it('13 writes Warning headers as `299 - "text"` and no longer than 4096 bytes', () => {
    for (const warning of stage.client.warnings) {
      expect(warning).to.match(/^299 - "(?:[^"\\]|\\.)*"(?:, 299 - "(?:[^"\\]|\\.)*")*$/);
      expect(warning.length).to.be.at.most(4096);
    }
  });

  it('14 answers 405 with Allow for a method that a path does not have', async () => {
    const repository = stage.repository();
    await repository.pushImage('v1');
    const answers = [
      await repository.send('POST', 'manifests/v1'),
      await repository.send('PUT', 'tags/list'),
      await repository.send('PATCH', `blobs/${UNKNOWN}`),
    ];
    for (const answer of answers) {
      expectError(answer, 405, 'UNSUPPORTED');
      expect(headerOf(answer, 'Allow')).to.include('GET');
    }
  });

  it('15 gives the same content where it answers with a redirect', async () => {
    const repository = stage.repository();
    const blob = await repository.pushNewBlob();
    expectContent(await repository.getBlob(blob.digest), blob);
  });
}

const EMPTY_OBJECT = {
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  bytes: Buffer.from('{}'),
};
