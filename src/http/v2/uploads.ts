/** `/v2/<name>/blobs/uploads/` and the uploads below it. */
import { WRITES_HEADER } from '../../geo/passage.ts';
import { type Algorithm, type Digest, isAlgorithm } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error.ts';
import { parseContentRange, printUploadRange } from '../../oci/range.ts';
import { parseRepositoryName, type RepositoryName } from '../../oci/reference.ts';
import { type Chunk, outOfOrder } from '../../registry/upload-rules.ts';
import type { SignedPoint } from '../../registry/upload-sessions.ts';
import type { AppendResult, FinishResult, UploadPoint } from '../../registry/uploads.ts';
import { type Answer, emptyAnswer, type Headers } from '../answer.ts';
import { repositoryScope } from '../authorize.ts';
import { blobLocation, uploadLocation } from '../locations.ts';
import type { Call } from './call.ts';
import type { Services } from './services.ts';

/** POST: begins an upload, or mounts a blob, or takes one whole. */
export async function startUpload(call: Call, services: Services): Promise<Answer> {
  const { pushedRepository: repository, caller, query } = call;
  const digest = call.digestIn('digest');
  const mounted = query.has('mount') && (await mount(call, services));
  if (mounted) return mounted;
  const algorithm = readAlgorithm(query.get('digest-algorithm'));
  const subject = caller.account;
  const admits = call.headers[WRITES_HEADER] === 'redirect';
  const begun = await services.uploadSessions.start({ repository, subject, algorithm });
  const point = { ...begun, admits };
  if (digest !== undefined) return finish(call, services, { point, digest });
  const { chunkMinBytes } = services;
  return emptyAnswer(202, {
    ...uploadHeaders(services, point),
    ...(admits ? { Location: `${call.baseUrl}${locate(services, point)}` } : {}),
    ...(chunkMinBytes === undefined ? {} : { 'OCI-Chunk-Min-Length': chunkMinBytes }),
  });
}

/** GET: how far the upload is; any Location that was ever given for it will do (checklist 60). */
export async function getUpload(call: Call, services: Services): Promise<Answer> {
  const point = await readPoint(call, services);
  const offset = await services.uploads.settleOffset(point);
  return emptyAnswer(204, uploadHeaders(services, { ...point, offset }));
}

/** PATCH: adds bytes; neither Content-Range nor Content-Length is needed (T7). */
export async function appendToUpload(call: Call, services: Services): Promise<Answer> {
  const point = await readPoint(call, services);
  const chunk = await services.quotas.limit(point, readChunk(call));
  const result = await services.uploads.append(point, chunk);
  const { offset } = expectInOrder(result, services, point);
  return emptyAnswer(202, uploadHeaders(services, { ...point, offset }));
}

/** PUT: adds the last bytes, if any, and makes the upload a blob. */
export async function finishUpload(call: Call, services: Services): Promise<Answer> {
  const digest = call.digestIn('digest');
  const point = await readPoint(call, services);
  if (digest !== undefined) return finish(call, services, { point, digest });
  throw new RegistryError('DIGEST_INVALID', { message: 'the digest is missing in the query' });
}

/** DELETE: asks for no more than the right to push, since pushing clients do it (checklist 71). */
export async function cancelUpload(call: Call, services: Services): Promise<Answer> {
  await services.uploads.cancel(await readPoint(call, services));
  return emptyAnswer(204);
}

async function finish(
  call: Call,
  services: Services,
  { point, digest }: { readonly point: UploadPoint; readonly digest: Digest },
): Promise<Answer> {
  const chunk = await services.quotas.limit(point, readChunk(call));
  const result = await services.uploads.finish(point, { digest, chunk, actor: call.actor });
  expectInOrder(result, services, point);
  return createdAnswer(point.repository, digest);
}

/**
 * > If a registry does not support cross-repository mounting or is unable to mount the requested
 * blob,
 * > it SHOULD return a 202.
 *
 * Whoever may not pull from the source is told the same as where the blob is not there (75). A
 * token that was never asked for the source is sent for a better one (T19).
 */
async function mount(call: Call, services: Services): Promise<Answer | undefined> {
  const { repository, caller, query } = call;
  const digest = call.digestIn('mount')!;
  const text = query.get('from');
  const mayPull = (name: RepositoryName): boolean => caller.judge('pull', name) === 'granted';
  const named = text === null ? undefined : parseRepositoryName(text);
  if (text !== null && !named) throw new RegistryError('NAME_INVALID', { detail: { from: text } });
  if (named && caller.judge('pull', named) === 'ask') {
    throw call.unauthorized([repositoryScope(repository, 'push'), repositoryScope(named, 'pull')]);
  }
  const from = named ?? (await services.repositories.findHolder(digest, mayPull));
  if (!from) return undefined;
  const [{ actor }, isAllowed] = [call, mayPull(from)];
  const isMounted = await services.blobs.mount({ repository, digest, from, actor, isAllowed });
  return isMounted ? createdAnswer(repository, digest) : undefined;
}

function readPoint(call: Call, { uploadSessions }: Services): Promise<SignedPoint> {
  const { uploadId: id, repository, caller, query } = call;
  const named = { id, repository, subject: caller.account };
  return uploadSessions.read(named, query.get('_state') ?? '');
}

function readChunk(call: Call): Chunk {
  const header = call.headers['content-range'];
  const range = header === undefined ? undefined : parseContentRange(header);
  if (header !== undefined && !range) {
    throw new RegistryError('BLOB_UPLOAD_INVALID', {
      message: 'Content-Range is not <start>-<end>',
    });
  }
  return { content: call.body, length: call.bodyLength, range };
}

function readAlgorithm(text: string | null): Algorithm {
  if (text === null) return 'sha256';
  if (isAlgorithm(text)) return text;
  throw new RegistryError('DIGEST_INVALID', { message: 'this digest algorithm is not known here' });
}

function expectInOrder<Result extends AppendResult | FinishResult>(
  result: Result,
  services: Services,
  point: SignedPoint,
): Exclude<Result, { kind: 'out-of-order' }> {
  if (result.kind !== 'out-of-order') return result as Exclude<Result, { kind: 'out-of-order' }>;
  const { offset } = result;
  throw outOfOrder(offset, locate(services, { ...point, offset }));
}

function locate({ uploadSessions }: Services, point: SignedPoint): string {
  return uploadLocation({ ...point, state: uploadSessions.sign(point) });
}

function uploadHeaders(services: Services, point: SignedPoint): Headers {
  return {
    Location: locate(services, point),
    Range: printUploadRange(point.offset),
    'Docker-Upload-UUID': point.id,
  };
}

function createdAnswer(repository: RepositoryName, digest: Digest): Answer {
  return emptyAnswer(201, {
    Location: blobLocation(repository, digest),
    'Docker-Content-Digest': digest,
  });
}
