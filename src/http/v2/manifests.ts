/** `/v2/<name>/manifests/<reference>`. */
import { RegistryError } from '../../oci/error.ts';
import { MAX_MANIFEST_BYTES } from '../../oci/manifest.ts';
import { essence } from '../../oci/media-type.ts';
import { parseTag, type Reference, type Tag } from '../../oci/reference.ts';
import { OWN } from '../../registry/elsewhere.ts';
import type { StoredManifest } from '../../storage/metadata.ts';
import { type Answer, API_VERSION, emptyAnswer, type Headers } from '../answer.ts';
import { manifestLocation } from '../locations.ts';
import type { Call } from './call.ts';
import { matchesEtag, unchanged } from './conditions.ts';
import { printOrigin } from './origin.ts';
import type { Services } from './services.ts';

/** More tags than this in one push are refused with 414; the specification asks for ten. */
const MAX_TAGS = 50;

/** Headers of a manifest that is kept in memory are made once. */
const remembered = new WeakMap<StoredManifest, { byDigest: Headers; byTag: Headers }>();

export async function getManifest(call: Call, { manifests }: Services): Promise<Answer> {
  const { reference } = call;
  const { asOf } = call.caller;
  const options = { asOf, consistency: call.consistency };
  const { found: manifest, origin } = await manifests.get(call.repository, reference, options);
  const made = remembered.get(manifest) ?? makeHeaders(manifest);
  const kept = reference.kind === 'tag' ? made.byTag : made.byDigest;
  const headers = origin === OWN ? kept : { ...kept, ...printOrigin(origin) };
  if (matchesEtag(call.headers['if-none-match'], manifest.digest)) return unchanged(headers);
  return { status: 200, headers, body: manifest.content };
}

export async function putManifest(call: Call, { manifests }: Services): Promise<Answer> {
  const { pushedRepository: repository, reference, caller } = call;
  const tags = readTags(call.query);
  const content = await readContent(call);
  const { digest, subject } = await manifests.put({
    repository,
    reference,
    tags,
    content,
    mediaType: essence(call.headers['content-type']),
    mayOverwrite: caller.judge('overwrite', repository) === 'granted',
    actor: call.actor,
  });
  return emptyAnswer(201, {
    Location: manifestLocation(repository, digest),
    'Docker-Content-Digest': digest,
    ...(subject ? { 'OCI-Subject': subject } : {}),
    ...(tags.length > 0 ? { 'OCI-Tag': tags.join(', ') } : {}),
  });
}

export async function deleteManifest(call: Call, { manifests, tags }: Services): Promise<Answer> {
  const { repository, reference, actor } = call;
  if (reference.kind === 'tag') await tags.delete(repository, reference.tag, actor);
  else await manifests.delete(repository, reference.digest, actor);
  return emptyAnswer(202);
}

function makeHeaders(manifest: StoredManifest): { byDigest: Headers; byTag: Headers } {
  const word = { ...manifest, sizeBytes: manifest.content.length };
  const common = { ...API_VERSION, ...printOrigin(OWN) };
  const made = {
    byDigest: { ...common, ...manifestHeaders(word, 'digest') },
    byTag: { ...common, ...manifestHeaders(word, 'tag') },
  };
  remembered.set(manifest, made);
  return made;
}

/** What is said of a manifest, with its content or without. @param by what was asked for */
export function manifestHeaders(
  manifest: Pick<StoredManifest, 'digest' | 'mediaType'> & { readonly sizeBytes: number },
  by: Reference['kind'],
): Headers {
  return {
    'Content-Type': manifest.mediaType,
    'Content-Length': manifest.sizeBytes,
    'Docker-Content-Digest': manifest.digest,
    ETag: `"${manifest.digest}"`,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': by === 'digest' ? 'max-age=31536000, immutable' : 'no-cache',
  };
}

/** @throws RegistryError 413 by reading one byte more than may come at most; 415 (A2) */
export async function readContent(call: Call): Promise<Buffer> {
  const encoding = call.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new RegistryError('UNSUPPORTED', {
      status: 415,
      message: 'a manifest is pushed without a Content-Encoding',
    });
  }
  const content = await call.readBody(MAX_MANIFEST_BYTES);
  if (content) return content;
  throw new RegistryError('MANIFEST_INVALID', {
    status: 413,
    message: `a manifest has at most ${MAX_MANIFEST_BYTES} bytes`,
  });
}

function readTags(query: URLSearchParams): Tag[] {
  const texts = query.getAll('tag');
  if (texts.length > MAX_TAGS) {
    throw new RegistryError('UNSUPPORTED', { status: 414, message: `at most ${MAX_TAGS} tags` });
  }
  return [...new Set(texts)].map((text) => {
    const tag = parseTag(text);
    if (tag) return tag;
    throw new RegistryError('MANIFEST_INVALID', { message: 'tag names no valid tag' });
  });
}
