/**
 * `POST /v2/<virtual>/manifests/<reference>/upload` and `…/blobs/<digest>/upload`: how a trusted
 * party hands over an object that it fetched, with a token for that very object.
 */
import { Readable } from 'node:stream';
import type { Upload } from '../../auth/virtual/upload-tokens.ts';
import { RegistryError } from '../../oci/error.ts';
import { essence } from '../../oci/media-type.ts';
import { printReference } from '../../oci/reference.ts';
import { type Answer, emptyAnswer } from '../answer.ts';
import { blobLocation, manifestLocation } from '../locations.ts';
import type { Call } from '../v2/call.ts';
import { readContent } from '../v2/manifests.ts';
import type { Services } from '../v2/services.ts';
import { virtualCallOf } from './reading.ts';

/** 201, also where it is here already. */
export async function takeManifest(call: Call, services: Services): Promise<Answer> {
  const { reference } = call;
  const upstream = await admit(call, services, {
    kind: 'manifest',
    reference: printReference(reference),
  });
  const mediaType = essence(call.headers['content-type']);
  if (mediaType === '') {
    throw new RegistryError('MANIFEST_INVALID', { message: 'a manifest has a Content-Type' });
  }
  const content = await readContent(call);
  const manifest = { reference, mediaType, content };
  const digest = await services.virtual.acceptManifest(virtualCallOf(call), upstream, manifest);
  return emptyAnswer(201, {
    Location: manifestLocation(call.repository, digest),
    'Docker-Content-Digest': digest,
  });
}

/** Streamed; 201 when the digest was proven. A cached manifest of the image must name it. */
export async function takeBlob(call: Call, services: Services): Promise<Answer> {
  const { digest } = call;
  const upstream = await admit(call, services, { kind: 'blob', reference: digest });
  const content = Readable.from(call.body, { objectMode: false });
  await services.virtual.acceptBlob(virtualCallOf(call), upstream, { digest, content });
  return emptyAnswer(201, {
    Location: blobLocation(call.repository, digest),
    'Docker-Content-Digest': digest,
  });
}

/**
 * @returns the upstream that the object is of
 * @throws RegistryError UNAUTHORIZED for every other token, and for none
 */
async function admit(
  call: Call,
  { uploadTokens }: Services,
  wanted: Pick<Upload, 'kind' | 'reference'>,
): Promise<string> {
  const { registry, image } = call.virtual;
  const token = /^bearer +(\S+) *$/i.exec(call.headers.authorization ?? '')?.[1];
  const upload = token === undefined ? undefined : await uploadTokens.read(token);
  const isFor =
    upload?.registry === registry &&
    upload.image === image &&
    upload.kind === wanted.kind &&
    upload.reference === wanted.reference;
  if (isFor) return upload.upstream;
  throw new RegistryError('UNAUTHORIZED', {
    message: 'this needs an upload token for this object',
    headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' },
  });
}
