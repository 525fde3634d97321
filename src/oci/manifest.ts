/**
 * Manifests: the bytes that a client pushed, and what Meridian reads in them.
 *
 * The bytes are kept as they came (checklist 82). What is read here is only what the registry must
 * know: which content is named, which subject is referred to, and what a referrers list shows.
 */
import type { Annotations, Descriptor } from './descriptor.ts';
import { type Digest, isDigest } from './digest.ts';
import { RegistryError } from './error.ts';
import { checkJson } from './json-check.ts';
import { isIndexType, isManifestType, isNonDistributable, isSchema1 } from './media-type.ts';

/** > A registry SHOULD … manifest size of at least 4 megabytes. Over this the answer is 413. */
export const MAX_MANIFEST_BYTES = 6 * 1024 * 1024;

/** More descriptors than this in one manifest are refused (A2). */
const MAX_DESCRIPTORS = 20_000;

/**
 * As loose as clients are, but never longer than RFC 6838 allows, and without control characters.
 */
const MEDIA_TYPE = /^[!-~]{1,255}$/;

export interface Manifest {
  readonly mediaType: string;
  readonly isIndex: boolean;
  /** What must be in the repository's blobs: config, layers, and index entries that are blobs. */
  readonly blobs: readonly Descriptor[];
  /** What must be in the repository's manifests: the children of an index. */
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  /** What a referrers list shows and filters by; absent for an index without one (114). */
  readonly artifactType?: string;
  readonly annotations: Annotations;
}

/** What the registry keeps of a manifest besides its bytes. */
export interface Outline {
  /** Blobs that the repository must hold: non-distributable ones are never asked for. */
  readonly blobs: readonly Digest[];
  readonly manifests: readonly Digest[];
  readonly subject?: Digest;
  readonly artifactType?: string;
  readonly annotations: Annotations;
}

/** The outline of a manifest, each digest once. The same bytes give the same at every site. */
export function outlineOf(manifest: Manifest): Outline {
  const blobs = manifest.blobs.filter(({ mediaType }) => !isNonDistributable(mediaType));
  return {
    blobs: uniqueDigests(blobs),
    manifests: uniqueDigests(manifest.manifests),
    ...(manifest.subject ? { subject: manifest.subject.digest } : {}),
    ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
    annotations: manifest.annotations,
  };
}

function uniqueDigests(descriptors: readonly Descriptor[]): Digest[] {
  return [...new Set(descriptors.map(({ digest }) => digest))];
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads a manifest.
 *
 * @param mediaType of the request, without parameters; '' where the client sent none.
 * @throws RegistryError MANIFEST_INVALID with the reason, for anything that is not a manifest or
 * could be read in two ways (A5).
 */
export function parseManifest(content: Uint8Array, mediaType: string): Manifest {
  if (isSchema1(mediaType)) throw invalid('manifest schema 1 is not supported');
  const json = parseObject(content);
  const ownType = optionalString(json, 'mediaType');
  if (ownType !== undefined && mediaType !== '' && ownType !== mediaType) {
    throw invalid(`the manifest's mediaType is ${ownType}, the Content-Type is ${mediaType}`);
  }
  const type = mediaType || ownType || '';
  if (type === '') throw invalid('neither Content-Type nor mediaType says what this manifest is');
  if (json['schemaVersion'] !== 2) throw invalid('schemaVersion must be 2');
  if ('layers' in json && 'manifests' in json) {
    throw invalid('a manifest has either layers or manifests, not both');
  }
  return isIndexType(type) ? readIndex(json, type) : readManifest(json, type);
}

function readManifest(json: Json, mediaType: string): Manifest {
  if ('manifests' in json) throw invalid('manifests belong into an index');
  const config = optionalDescriptor(json, 'config');
  const layers = descriptors(json, 'layers');
  return {
    mediaType,
    isIndex: false,
    blobs: config ? [config, ...layers] : layers,
    manifests: [],
    ...readCommon(json),
    // > If the artifactType is empty or missing in the image manifest, the value of artifactType
    // > MUST be set to the config descriptor mediaType value. (listing referrers)
    ...withArtifactType(optionalString(json, 'artifactType') || config?.mediaType),
  };
}

function readIndex(json: Json, mediaType: string): Manifest {
  if ('layers' in json || 'config' in json) throw invalid('an index has no config and no layers');
  const entries = descriptors(json, 'manifests');
  return {
    mediaType,
    isIndex: true,
    // BuildKit's cache index names layers in `manifests` (checklist 98).
    blobs: entries.filter((entry) => !isManifestType(entry.mediaType)),
    manifests: entries.filter((entry) => isManifestType(entry.mediaType)),
    ...readCommon(json),
    ...withArtifactType(optionalString(json, 'artifactType') || undefined),
  };
}

function readCommon(json: Json): { subject?: Descriptor; annotations: Annotations } {
  const subject = optionalDescriptor(json, 'subject');
  return { ...(subject ? { subject } : {}), annotations: readAnnotations(json) };
}

function withArtifactType(artifactType: string | undefined): { artifactType?: string } {
  if (artifactType !== undefined && !MEDIA_TYPE.test(artifactType)) {
    throw invalid('artifactType must be a media type');
  }
  return artifactType === undefined ? {} : { artifactType };
}

function parseObject(content: Uint8Array): Json {
  const problem = checkJson(content);
  if (problem) throw invalid(problem);
  const json: unknown = JSON.parse(Buffer.from(content).toString('utf8'));
  if (!isObject(json)) throw invalid('a manifest is a JSON object');
  return json;
}

function descriptors(json: Json, key: string): Descriptor[] {
  const list = json[key];
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list)) throw invalid(`${key} must be a list`);
  if (list.length > MAX_DESCRIPTORS) throw invalid(`${key} has more than ${MAX_DESCRIPTORS} items`);
  return list.map((item, index) => readDescriptor(item, `${key}[${index}]`));
}

function optionalDescriptor(json: Json, key: string): Descriptor | undefined {
  const value = json[key];
  return value === undefined || value === null ? undefined : readDescriptor(value, key);
}

function readDescriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw invalid(`${where} must be a descriptor`);
  const { mediaType, digest, size } = value;
  if (typeof digest !== 'string' || !isDigest(digest)) throw invalid(`${where}.digest is invalid`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(`${where}.size must be a whole number of bytes`);
  }
  if (typeof mediaType !== 'string') throw invalid(`${where}.mediaType must be a string`);
  return value as unknown as Descriptor;
}

function readAnnotations(json: Json): Annotations {
  const value = json['annotations'];
  if (value === undefined || value === null) return {};
  if (!isObject(value) || !Object.values(value).every((text) => typeof text === 'string')) {
    throw invalid('annotations must be a map of strings');
  }
  return value as Annotations;
}

function optionalString(json: Json, key: string): string | undefined {
  const value = json[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(`${key} must be a string`);
  return value;
}

/** JSON objects only; own keys only, so `__proto__` in a body has no effect (A6). */
function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', { message });
}
