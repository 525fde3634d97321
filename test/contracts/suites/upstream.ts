/** What every upstream promises. */
import { buffer } from 'node:stream/consumers';
import { expect } from 'chai';
import { digestOf } from '../../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../../src/oci/media-type.ts';
import { parseReference, type Reference, type RepositoryName } from '../../../src/oci/reference.ts';
import type { Upstream } from '../../../src/storage/upstream.ts';

/** What the upstream holds: one manifest under a tag and its digest, and one blob. */
export interface UpstreamContent {
  readonly repository: RepositoryName;
  readonly tag: Reference;
  readonly mediaType: string;
  readonly manifest: Buffer;
  readonly blob: Buffer;
}

export type OpenUpstream = (content: UpstreamContent) => Promise<Upstream>;

export const CONTENT: UpstreamContent = {
  repository: 'acme/deep/app' as RepositoryName,
  tag: parseReference('v1.0')!,
  mediaType: OCI_MANIFEST,
  manifest: Buffer.from('{"schemaVersion": 2,  "layers": []}'),
  blob: Buffer.alloc(300_000, 'meridian '),
};

export function describeUpstreamContract(name: string, open: OpenUpstream): void {
  describe(`Upstream: ${name}`, () => {
    const { repository, tag, manifest, mediaType, blob } = CONTENT;
    const digest = digestOf(blob);
    let upstream: Upstream;

    before(async () => {
      upstream = await open(CONTENT);
    });

    it('gives a manifest by tag and by digest, byte for byte', async () => {
      const byDigest = { kind: 'digest', digest: digestOf(manifest) } as const;
      for (const reference of [tag, byDigest]) {
        const found = await upstream.findManifest(repository, reference);
        expect(found?.mediaType).to.equal(mediaType);
        expect(found?.content.equals(manifest)).to.equal(true);
      }
    });

    it('says of what is not there that it is not there', async () => {
      const unknown = digestOf('unknown');
      const reference = { kind: 'digest', digest: unknown } as const;
      expect(await upstream.findManifest(repository, reference)).to.equal(undefined);
      expect(await upstream.openBlob(repository, unknown)).to.equal(undefined);
      expect(await upstream.openBlob('acme' as RepositoryName, digest)).to.equal(undefined);
    });

    it('says of a manifest that somebody has whether it is still the one', async () => {
      const known = digestOf(manifest);
      expect(await upstream.findChangedManifest(repository, tag, known)).to.equal('unchanged');
      const changed = await upstream.findChangedManifest(repository, tag, digestOf('another'));
      expect(changed).to.have.property('mediaType', mediaType);
      const unknown = parseReference('none')!;
      expect(await upstream.findChangedManifest(repository, unknown, known)).to.equal(undefined);
    });

    it('knows the size of a blob without reading it', async () => {
      expect(await upstream.findBlob(repository, digest)).to.deep.equal({ sizeBytes: blob.length });
      expect(await upstream.findBlob('acme' as RepositoryName, digest)).to.equal(undefined);
    });

    it('gives a whole blob with its size', async () => {
      const opened = await upstream.openBlob(repository, digest);
      expect(opened?.sizeBytes).to.equal(blob.length);
      expect((await buffer(opened!.content)).equals(blob)).to.equal(true);
    });

    it('gives the rest of a blob with the size of the whole', async () => {
      for (const offset of [1, 131_072, blob.length - 1]) {
        const opened = await upstream.openBlob(repository, digest, offset);
        expect(opened?.sizeBytes).to.equal(blob.length);
        expect((await buffer(opened!.content)).equals(blob.subarray(offset))).to.equal(true);
      }
    });

    it('gives an empty rest behind the end', async () => {
      const opened = await upstream.openBlob(repository, digest, blob.length);
      expect(opened?.sizeBytes).to.equal(blob.length);
      expect((await buffer(opened!.content)).length).to.equal(0);
    });
  });
}
