/** Checklist G: pushing manifests (79 to 100). */
import { expect } from 'chai';
import { errorsOf, expectError } from '../errors.ts';
import { headerOf } from '../exchange.ts';
import {
  contentOf,
  descriptorOf,
  digestOf,
  EMPTY_JSON,
  imageOf,
  indexOf,
  manifestOf,
  OCI_CONFIG,
  OCI_MANIFEST,
  withSha512,
} from '../fixtures.ts';
import { expectContent, expectStatus, locationOf, type Repository } from '../repository.ts';
import type { Stage } from '../stage.ts';

const FOREIGN_LAYER = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
const ARTIFACT_TYPE = 'application/vnd.example.thing.v1+json';

export function describeManifestPushes(stage: Stage): void {
  describe('G. Pushing manifests', () => {
    describeBytes(stage);
    describeShapes(stage);
    describeMissingParts(stage);
    describeSubjects(stage);
    describeManyTags(stage);
    describeRefusals(stage);
    describeBuildKit(stage);
  });
}

function describeBytes(stage: Stage): void {
  it('79 answers 201 with the digest and a Location that gives the manifest', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage();
    for (const reference of ['v1', manifest.digest]) {
      const answer = await repository.putManifest(manifest, reference);
      expectStatus(answer, 201);
      expect(headerOf(answer, 'Docker-Content-Digest')).to.equal(manifest.digest);
      const pulled = await stage.client.send('GET', locationOf(answer));
      expectContent(pulled, manifest);
      expect(headerOf(pulled, 'Content-Type')).to.equal(manifest.mediaType);
    }
  });

  it('80 answers 400 DIGEST_INVALID for other bytes than the digest says', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage();
    const padded = { ...manifest, bytes: Buffer.concat([manifest.bytes, Buffer.from('  ')]) };
    expectError(await repository.putManifest(padded), 400, 'DIGEST_INVALID');
  });

  it('81 answers 400 for a bad digest string', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage();
    expectStatus(await repository.putManifest(manifest, 'sha256:baddigeststring'), 400);
  });

  it('82 keeps unknown fields, white space and the order of keys', async () => {
    const repository = stage.repository();
    const { config } = await repository.pushImage();
    const text = `{ "layers": [],\n\n\t"org.example.custom": {"b": 1, "a": [1.50, 2e3]},
      "schemaVersion": 2, "config": ${JSON.stringify(descriptorOf(config))},
      "mediaType": "${OCI_MANIFEST}" }\n`;
    const odd = contentOf(Buffer.from(text), OCI_MANIFEST);
    await repository.pushManifest(odd, 'odd');
    expectContent(await repository.getManifest('odd'), odd);
  });
}

function describeShapes(stage: Stage): void {
  it('83 takes an image without layers', async () => {
    const repository = stage.repository();
    const config = await repository.pushBlob(stage.fixtures.config());
    expectStatus(await repository.putManifest(imageOf(config, []), 'v1'), 201);
  });

  it('84 takes descriptors with data', async () => {
    const repository = stage.repository();
    await repository.pushBlob(EMPTY_JSON);
    const config = {
      ...descriptorOf(EMPTY_JSON),
      data: EMPTY_JSON.bytes.toString('base64'),
    };
    const manifest = manifestOf(OCI_MANIFEST, { artifactType: ARTIFACT_TYPE, config, layers: [] });
    expectStatus(await repository.putManifest(manifest, 'v1'), 201);
    expectContent(await repository.getManifest('v1'), manifest);
  });

  it('85 takes artifacts with an empty config, and any media types', async () => {
    const repository = stage.repository();
    await repository.pushBlob(EMPTY_JSON);
    const artifact = imageOf(EMPTY_JSON, [EMPTY_JSON], { artifactType: ARTIFACT_TYPE });
    expectStatus(await repository.putManifest(artifact, 'artifact'), 201);
    const config = { ...(await repository.pushNewBlob()), mediaType: 'application/x-mine' };
    const layer = { ...(await repository.pushNewBlob()), mediaType: 'text/x-anything; v=1' };
    expectStatus(await repository.putManifest(imageOf(config, [layer]), 'other'), 201);
  });

  it('86 takes indexes with artifactType, with a subject, nested, and empty', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage();
    const typed = indexOf([manifest], { artifactType: ARTIFACT_TYPE });
    const subject = indexOf([manifest], { subject: descriptorOf(manifest) });
    for (const index of [typed, subject, indexOf([typed, subject]), indexOf([])]) {
      expectStatus(await repository.putManifest(index), 201);
      expectContent(await repository.getManifest(index.digest), index);
    }
  });

  it('87 takes non-distributable layers that were never pushed', async () => {
    const repository = stage.repository();
    const config = await repository.pushBlob(stage.fixtures.config());
    const foreign = { ...stage.fixtures.blob(), mediaType: FOREIGN_LAYER };
    const manifest = manifestOf(OCI_MANIFEST, {
      config: descriptorOf(config),
      layers: [{ ...descriptorOf(foreign), urls: ['https://example.com/layer'] }],
    });
    expectStatus(await repository.putManifest(manifest, 'v1'), 201);
  });
}

function describeMissingParts(stage: Stage): void {
  it('88 names each missing blob and child with MANIFEST_BLOB_UNKNOWN', async () => {
    const repository = stage.repository();
    const blob = () => stage.fixtures.blob();
    const image = await repository.putManifest(imageOf(blob(), [blob(), blob()]), 'v1');
    expectStatus(image, 404, 400);
    const codes = errorsOf(image).map((error) => error.code);
    expect(codes).to.deep.equal(Array.from({ length: 3 }, () => 'MANIFEST_BLOB_UNKNOWN'));
    const child = imageOf(blob(), []);
    const index = await repository.putManifest(indexOf([child]), 'v1');
    expectStatus(index, 404, 400);
    expect(errorsOf(index).map((error) => error.code)).to.deep.equal(['MANIFEST_BLOB_UNKNOWN']);
    expectStatus(await repository.getManifest('v1'), 404);
  });

  it('89 takes a manifest whose subject is missing', async () => {
    const repository = stage.repository();
    const subject = descriptorOf(imageOf(stage.fixtures.config(), []));
    const { manifest } = await repository.pushImage('v1', { subject });
    expectContent(await repository.getManifest('v1'), manifest);
  });

  it('90 takes a manifest of 4 MB and answers 413 over its limit', async () => {
    const repository = stage.repository();
    const value = 'x'.repeat(10_000);
    const annotations = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, value]));
    const { config, manifest } = await repository.pushImage('v1', {
      annotations: annotations(390),
    });
    expect(manifest.bytes.length).to.be.above(3_900_000);
    expectContent(await repository.getManifest('v1'), manifest);
    const huge = imageOf(config, [], { annotations: annotations(1000) });
    expectStatus(await repository.putManifest(huge, 'huge'), 413);
  });
}

function describeSubjects(stage: Stage): void {
  it('91 names the subject in OCI-Subject, by tag and digest, for image and index', async () => {
    const repository = stage.repository();
    const { config, manifest } = await repository.pushImage();
    const subject = descriptorOf(manifest);
    for (const content of [imageOf(config, [], { subject }), indexOf([], { subject })]) {
      for (const reference of ['v1', content.digest]) {
        const answer = await repository.putManifest(content, reference);
        expectStatus(answer, 201);
        expect(headerOf(answer, 'OCI-Subject')).to.equal(manifest.digest);
      }
    }
    expect((await repository.putManifest(manifest)).headers['oci-subject']).to.equal(undefined);
  });

  it('92 takes a manifest by its sha512 digest and keeps answering with that', async () => {
    const repository = stage.repository();
    const manifest = withSha512((await repository.pushImage()).manifest);
    const answer = await repository.putManifest(manifest);
    expectStatus(answer, 201);
    expect(headerOf(answer, 'Docker-Content-Digest')).to.equal(manifest.digest);
    expectContent(await repository.getManifest(manifest.digest), manifest);
    const head = await repository.headManifest(manifest.digest);
    expect(headerOf(head, 'Docker-Content-Digest')).to.equal(manifest.digest);
  });
}

function describeManyTags(stage: Stage): void {
  const TAGS = Array.from({ length: 10 }, (_, index) => `t${index}`);
  const query = TAGS.map((tag) => `tag=${tag}`).join('&');

  async function expectAllTags(repository: Repository, digest: string): Promise<void> {
    for (const tag of TAGS) {
      const head = await repository.headManifest(tag);
      expectStatus(head, 200);
      expect(headerOf(head, 'Docker-Content-Digest')).to.equal(digest);
    }
  }

  it('93 makes all tags of ?tag= with one push, and names them in OCI-Tag', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage();
    const answer = await repository.putManifest(manifest, `${manifest.digest}?${query}`);
    expectStatus(answer, 201);
    expect(headerOf(answer, 'OCI-Tag').split(/, */).sort()).to.deep.equal(TAGS);
    await expectAllTags(repository, manifest.digest);
  });

  it('94 lets tags of a sha512 push resolve to the sha512 digest', async () => {
    const repository = stage.repository();
    const manifest = withSha512((await repository.pushImage()).manifest);
    expectStatus(await repository.putManifest(manifest, `${manifest.digest}?${query}`), 201);
    await expectAllTags(repository, manifest.digest);
  });
}

function describeRefusals(stage: Stage): void {
  it('95 answers 400 MANIFEST_INVALID where mediaType and Content-Type differ', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage();
    const mediaType = indexOf([]).mediaType;
    expectError(
      await repository.putManifest({ ...manifest, mediaType }, 'v1'),
      400,
      'MANIFEST_INVALID',
    );
  });

  it('96 ignores parameters of the Content-Type', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage();
    const mediaType = `${manifest.mediaType}; charset=utf-8`;
    expectStatus(await repository.putManifest({ ...manifest, mediaType }, 'v1'), 201);
    const pulled = await repository.getManifest('v1');
    expect(headerOf(pulled, 'Content-Type')).to.equal(manifest.mediaType);
  });

  it('97 refuses manifests of schema 1', async () => {
    const repository = stage.repository();
    await repository.pushImage();
    for (const suffix of ['json', 'prettyjws']) {
      const mediaType = `application/vnd.docker.distribution.manifest.v1+${suffix}`;
      const json = {
        schemaVersion: 1,
        name: repository.name,
        tag: 'v1',
        fsLayers: [],
        history: [],
      };
      const manifest = contentOf(Buffer.from(JSON.stringify(json)), mediaType);
      const answer = await repository.putManifest(manifest, 'v1');
      expectError(answer, 400, 'MANIFEST_INVALID', 'UNSUPPORTED');
    }
  });

  it('100 answers 403 DENIED where a tag may not be moved', async function () {
    const addAccount = stage.need('addAccount', this);
    const repository = stage.repository();
    const { manifest } = await repository.pushImage('v1');
    const pusher = await addAccount([{ pattern: repository.name, actions: ['pull', 'push'] }]);
    const limited = stage.as(pusher, repository);
    expectStatus(await limited.putManifest(manifest, 'v1'), 201);
    const other = await limited.pushImage('v2');
    expectError(await limited.putManifest(other.manifest, 'v1'), 403, 'DENIED');
    expectContent(await repository.getManifest('v1'), manifest);
  });
}

function describeBuildKit(stage: Stage): void {
  it('98 takes a BuildKit cache index, whose entries are blobs', async () => {
    const repository = stage.repository();
    const layer = await repository.pushNewBlob();
    const config = {
      ...(await repository.pushBlob(stage.fixtures.config())),
      mediaType: 'application/vnd.buildkit.cacheconfig.v0',
    };
    const index = indexOf([layer, config]);
    expectStatus(await repository.putManifest(index, 'cache'), 201);
    expectContent(await repository.getManifest('cache'), index);
    expectContent(await repository.getBlob(layer.digest), layer);
  });

  it('99 takes index entries without platform and of the platform unknown/unknown', async () => {
    const repository = stage.repository();
    const { manifest } = await repository.pushImage();
    const attestation = imageOf({ ...EMPTY_JSON, mediaType: OCI_CONFIG }, []);
    await repository.pushBlob(EMPTY_JSON);
    await repository.pushManifest(attestation);
    const unknown = {
      ...descriptorOf(attestation),
      platform: { architecture: 'unknown', os: 'unknown' },
      annotations: { 'vnd.docker.reference.digest': digestOf(manifest.bytes) },
    };
    const index = indexOf([], { manifests: [descriptorOf(manifest), unknown] });
    expectStatus(await repository.putManifest(index, 'v1'), 201);
    expectContent(await repository.getManifest('v1'), index);
  });
}
