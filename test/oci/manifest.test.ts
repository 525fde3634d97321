import { expect } from 'chai';
import { digestOf } from '../../src/oci/digest.ts';
import { RegistryError } from '../../src/oci/error.ts';
import { parseManifest } from '../../src/oci/manifest.ts';
import { DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from '../../src/oci/media-type.ts';

const descriptor = (mediaType: string, text = mediaType) => ({
  mediaType,
  digest: digestOf(text),
  size: text.length,
});
const CONFIG = descriptor('application/vnd.oci.image.config.v1+json');
const LAYER = descriptor('application/vnd.oci.image.layer.v1.tar+gzip');

const parse = (value: unknown, mediaType = OCI_MANIFEST) =>
  parseManifest(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)), mediaType);

const image = (more: object = {}) => ({
  schemaVersion: 2,
  mediaType: OCI_MANIFEST,
  config: CONFIG,
  layers: [LAYER],
  ...more,
});

describe('an image manifest', () => {
  it('names its config and its layers', () => {
    const manifest = parse(image());
    expect(manifest.blobs.map((blob) => blob.digest)).to.deep.equal([CONFIG.digest, LAYER.digest]);
    expect(manifest.artifactType).to.equal(CONFIG.mediaType);
  });

  it('may do without layers, without a config, and with data in a descriptor', () => {
    expect(parse(image({ layers: [] })).blobs).to.have.length(1);
    expect(parse(image({ config: undefined })).blobs).to.have.length(1);
    expect(parse(image({ config: { ...CONFIG, data: 'e30=' } })).blobs).to.have.length(2);
  });

  it('keeps its own artifact type, subject and annotations', () => {
    const manifest = parse(
      image({ artifactType: 'a/b', subject: descriptor(OCI_MANIFEST), annotations: { k: 'v' } }),
    );
    expect(manifest.artifactType).to.equal('a/b');
    expect(manifest.subject?.digest).to.equal(digestOf(OCI_MANIFEST));
    expect(manifest.annotations).to.deep.equal({ k: 'v' });
  });

  it('takes its type from the request where it names none', () => {
    expect(parse(image({ mediaType: undefined }), DOCKER_MANIFEST).mediaType).to.equal(
      DOCKER_MANIFEST,
    );
  });

  it('gives prototype keys no effect', () => {
    const manifest = parse(`{"schemaVersion":2,"layers":[],"annotations":{"__proto__":"x"}}`);
    expect(Object.keys(manifest.annotations)).to.deep.equal(['__proto__']);
    expect({}).not.to.have.property('x');
  });
});

describe('an index', () => {
  it('tells its manifests from blobs, as in a BuildKit cache', () => {
    const index = parse(
      { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [LAYER, descriptor(OCI_MANIFEST)] },
      OCI_INDEX,
    );
    expect(index.blobs).to.have.length(1);
    expect(index.manifests).to.have.length(1);
    expect(index.artifactType).to.equal(undefined);
  });

  it('may be empty', () => {
    expect(parse({ schemaVersion: 2, manifests: [] }, OCI_INDEX).manifests).to.deep.equal([]);
  });
});

describe('what is refused as a manifest', () => {
  for (const [why, value, mediaType] of [
    ['text that is not JSON', '{', OCI_MANIFEST],
    ['a list', '[]', OCI_MANIFEST],
    [
      'bytes that are not UTF-8',
      Buffer.from([0xff, 0xfe]).toString('latin1') + '\u0000',
      OCI_MANIFEST,
    ],
    ['layers and manifests together', image({ manifests: [] }), OCI_MANIFEST],
    ['another media type than the request says', image(), DOCKER_MANIFEST],
    ['a key twice', '{"schemaVersion":2,"layers":[],"layers":[]}', OCI_MANIFEST],
    [
      'a key twice behind an escape',
      '{"schemaVersion":2,"layers":[],"l\\u0061yers":[]}',
      OCI_MANIFEST,
    ],
    ['schema 1', '{}', 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
    [
      'a digest of the wrong length',
      image({ config: { ...CONFIG, digest: 'sha256:1' } }),
      OCI_MANIFEST,
    ],
    ['a negative size', image({ config: { ...CONFIG, size: -1 } }), OCI_MANIFEST],
    ['ten thousand levels', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, OCI_MANIFEST],
    [
      '200,000 layers',
      image({ layers: Array.from({ length: 200_000 }, () => LAYER) }),
      OCI_MANIFEST,
    ],
    ['annotations that are no strings', image({ annotations: { a: 1 } }), OCI_MANIFEST],
    ['another schema version', { schemaVersion: 1 }, OCI_MANIFEST],
  ] as const) {
    it(why, () => {
      expect(() => parse(value, mediaType))
        .to.throw(RegistryError)
        .with.property('code', 'MANIFEST_INVALID');
    });
  }
});
