/** Checklist I: deleting, and registries that refuse to (121 to 127). */
import { expect } from 'chai';
import { expectError } from '../errors.ts';
import { jsonOf } from '../exchange.ts';
import { digestOf, EMPTY_JSON, NO_BYTES } from '../fixtures.ts';
import { expectContent, expectStatus } from '../repository.ts';
import type { Stage } from '../stage.ts';

const UNKNOWN = digestOf(Buffer.from('never pushed'));

export function describeManagement(stage: Stage): void {
  describe('I. Management', () => {
    describeManifestDeletions(stage);
    describeBlobDeletions(stage);
    describeRefusals(stage);
  });
}

function describeManifestDeletions(stage: Stage): void {
  it('121 deletes a tag at once and keeps its manifest', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage('v1');
    expectStatus(await repository.getManifest('v1'), 200);
    expectStatus(await repository.send('DELETE', 'manifests/v1'), 202);
    expectStatus(await repository.headManifest('v1'), 404);
    expectStatus(await repository.getManifest('v1'), 404);
    expectContent(await repository.getManifest(manifest.digest), manifest);
  });

  it('122 deletes a manifest and every tag on it at once', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage('v1');
    await repository.pushManifest(manifest, 'v2');
    expectStatus(await repository.send('DELETE', `manifests/${manifest.digest}`), 202);
    for (const reference of [manifest.digest, 'v1', 'v2']) {
      expectStatus(await repository.getManifest(reference), 404);
      expectStatus(await repository.headManifest(reference), 404);
    }
    expect(jsonOf(await repository.tags())).to.have.deep.property('tags', []);
  });

  it('123 answers 404 for what is unknown', async () => {
    const repository = stage.repository();
    const paths = [`manifests/${UNKNOWN}`, 'manifests/missing', `blobs/${UNKNOWN}`];
    for (const path of paths) expectStatus(await repository.send('DELETE', path), 404);
    await repository.pushImage('v1');
    for (const path of paths) expectStatus(await repository.send('DELETE', path), 404);
  });
}

function describeBlobDeletions(stage: Stage): void {
  it('124 deletes a blob at once here and leaves it elsewhere', async () => {
    const [repository, other] = [stage.repository('here'), stage.repository('there')];
    const blob = await repository.pushNewBlob();
    await other.pushBlob(blob);
    expectContent(await repository.getBlob(blob.digest), blob);
    expectStatus(await repository.send('DELETE', `blobs/${blob.digest}`), 202);
    expectStatus(await repository.headBlob(blob.digest), 404);
    expectStatus(await repository.getBlob(blob.digest), 404);
    expectContent(await other.getBlob(blob.digest), blob);
  });

  it('126 takes the same content again right after it was deleted', async () => {
    const repository = stage.repository();
    for (const blob of [EMPTY_JSON, NO_BYTES, stage.fixtures.blob()]) {
      for (let round = 0; round < 3; round += 1) {
        await repository.pushBlob(blob);
        expectContent(await repository.getBlob(blob.digest), blob);
        expectStatus(await repository.send('DELETE', `blobs/${blob.digest}`), 202);
      }
    }
    const { manifest } = await repository.pushImage('v1');
    for (let round = 0; round < 3; round += 1) {
      expectStatus(await repository.send('DELETE', `manifests/${manifest.digest}`), 202);
      await repository.pushManifest(manifest, 'v1');
      expectContent(await repository.getManifest('v1'), manifest);
    }
  });
}

function describeRefusals(stage: Stage): void {
  it('125 answers 405 for every deletion where deletion is off', async function () {
    const off = await stage.need('withoutDeletion', this)();
    const repository = stage.repositoryOf(off);
    const { manifest, layer } = await repository.pushImage('v1');
    for (const path of ['manifests/v1', `manifests/${manifest.digest}`, `blobs/${layer.digest}`]) {
      expectError(await repository.send('DELETE', path), 405, 'UNSUPPORTED');
    }
    expectContent(await repository.getManifest('v1'), manifest);
  });

  it('127 answers 405 UNSUPPORTED for every write where it is read-only', async function () {
    const readOnly = await stage.need('readOnly', this)();
    const repository = stage.repositoryOf(readOnly);
    const answers = [
      await repository.startUpload(),
      await repository.putManifest({ ...EMPTY_JSON, digest: 'v1' }),
      await repository.send('DELETE', 'manifests/v1'),
      await repository.send('DELETE', `blobs/${UNKNOWN}`),
    ];
    for (const answer of answers) expectError(answer, 405, 'UNSUPPORTED');
  });
}
