/** What an image is made of: its layers, or the images of an index. */
import type { Digest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error.ts';
import type { Reference, RepositoryName } from '../../oci/reference.ts';
import type { Metadata } from '../../storage/metadata.ts';
import { printPlatform } from './platforms.ts';

type Stored = Pick<Metadata, 'findManifest' | 'findTag'>;

export interface Part {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** As `linux/arm64/v8`, where an index says so. */
  readonly platform?: string;
}

/** In the order of the manifest. */
export interface Contents {
  readonly digest: Digest;
  readonly mediaType: string;
  /** Of the manifest alone. */
  readonly sizeBytes: number;
  readonly config?: Part;
  readonly layers: readonly Part[];
  readonly manifests: readonly Part[];
  readonly annotations: Readonly<Record<string, string>>;
}

interface Descriptor {
  readonly digest: Digest;
  readonly mediaType?: string;
  readonly size: number;
  readonly platform?: object;
}

/** What was checked when it was pushed. */
interface Json {
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
  readonly manifests?: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** @throws RegistryError MANIFEST_UNKNOWN where there is no such image */
export async function readContents(
  metadata: Stored,
  repository: RepositoryName,
  reference: Reference,
): Promise<Contents> {
  const digest =
    reference.kind === 'digest'
      ? reference.digest
      : await metadata.findTag(repository, reference.tag);
  const manifest = digest && (await metadata.findManifest(repository, digest));
  if (!manifest) throw new RegistryError('MANIFEST_UNKNOWN');
  const { mediaType, content } = manifest;
  const json = JSON.parse(content.toString('utf8')) as Json;
  return {
    digest: manifest.digest,
    mediaType,
    sizeBytes: content.length,
    ...(json.config ? { config: toPart(json.config) } : {}),
    layers: (json.layers ?? []).map(toPart),
    manifests: (json.manifests ?? []).map(toPart),
    annotations: json.annotations ?? {},
  };
}

function toPart(descriptor: Descriptor): Part {
  const { digest, mediaType = '', size: sizeBytes } = descriptor;
  const platform = printPlatform(descriptor);
  return { digest, mediaType, sizeBytes, ...(platform === '' ? {} : { platform }) };
}
