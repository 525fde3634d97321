/** Contents for tests: blobs and manifests that differ by a word. */
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { outlineOf, parseManifest } from '../../src/oci/manifest.ts';
import { parsePathPattern } from '../../src/oci/path-pattern.ts';
import { parseRepositoryName, parseTag } from '../../src/oci/reference.ts';
import type { ManifestRecord } from '../../src/storage/metadata.ts';

export const IMAGE = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

export const repositoryNamed = (text: string) => parseRepositoryName(text)!;
export const tagNamed = (text: string) => parseTag(text)!;
export const patternOf = (text: string) => parsePathPattern(text)!;
export const blobOf = (word: string): Digest => digestOf(`blob ${word}`);

export interface ImageParts {
  readonly layers?: readonly Digest[];
  readonly subject?: Digest;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An image whose config is the blob of that word. */
export function imageOf(word: string, parts: ImageParts = {}): ManifestRecord {
  const { layers = [], subject, ...rest } = parts;
  return recordOf(IMAGE, {
    config: { mediaType: CONFIG, digest: blobOf(word), size: 1 },
    layers: layers.map((digest) => ({ mediaType: LAYER, digest, size: 1 })),
    ...(subject ? { subject: { mediaType: IMAGE, digest: subject, size: 1 } } : {}),
    ...rest,
  });
}

export function indexOf(children: readonly Digest[]): ManifestRecord {
  return recordOf(INDEX, {
    manifests: children.map((digest) => ({ mediaType: IMAGE, digest, size: 1 })),
  });
}

export function recordOf(mediaType: string, body: object): ManifestRecord {
  const content = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...body }));
  const outline = outlineOf(parseManifest(content, mediaType));
  return { digest: digestOf(content), mediaType, content, ...outline };
}
