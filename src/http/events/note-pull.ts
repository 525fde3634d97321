/** Notes what clients were given, for events that tell of pulls. */
import { SiteCaller } from '../../auth/calls/site-calls.ts';
import type { Pulls } from '../../events/pulls.ts';
import { parseDigest } from '../../oci/digest.ts';
import { nameOf, requestOf } from '../../oci/events/actor.ts';
import type { Deed } from '../../oci/events/deed.ts';
import { OCTET_STREAM } from '../../oci/media-type.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Answer } from '../answer.ts';
import type { OnCall } from '../app.ts';
import type { Call } from '../v2/call.ts';

/**
 * Notes a manifest or a blob that is given to a client, by this registry or by whom it sends the
 * client to. A HEAD, and what the client has already, are no pulls; of a blob in ranges the first
 * is; and what other sites read for themselves is none either.
 */
export function notePulls(pulls: Pick<Pulls, 'isWanted' | 'note'>): OnCall {
  return ({ method, path }, call, answer) => {
    const isBlob = path.endsWith('/blobs/<digest>');
    if (!pulls.isWanted || method !== 'GET' || call.isHead || !isGiven(answer)) return;
    if (!isBlob && !path.endsWith('/manifests/<reference>')) return;
    if (call.caller instanceof SiteCaller) return;
    pulls.note(isBlob ? blobOf(call, answer) : manifestOf(call, answer));
  };
}

function isGiven({ status, headers }: Answer): boolean {
  if (status === 206) return String(headers['Content-Range']).startsWith('bytes 0-');
  return status === 200 || status === 307;
}

function blobOf(call: Call, answer: Answer): Deed {
  return { ...deedOf(call), digest: call.digest, mediaType: OCTET_STREAM, ...sizeOf(answer) };
}

function manifestOf(call: Call, { headers }: Answer): Deed {
  const digest = parseDigest(String(headers['Docker-Content-Digest'] ?? ''));
  const { reference } = call;
  return {
    ...deedOf(call),
    ...(digest ? { digest } : {}),
    ...(reference.kind === 'tag' ? { tag: reference.tag } : {}),
    mediaType: String(headers['Content-Type']),
    sizeBytes: Number(headers['Content-Length']),
  };
}

/** The whole size, also where only a part was asked for. */
function sizeOf({ status, headers }: Answer): { readonly sizeBytes?: number } {
  const text = status === 206 ? /\/(\d+)$/.exec(String(headers['Content-Range']))?.[1] : undefined;
  const sizeBytes = Number(text ?? headers['Content-Length'] ?? Number.NaN);
  return Number.isNaN(sizeBytes) || status === 307 ? {} : { sizeBytes };
}

/** A path of a virtual registry stands for the repository that its client sees. */
function deedOf({ name, actor }: Call) {
  const request = requestOf(actor);
  const repository = name as RepositoryName;
  return { repository, actor: nameOf(actor), ...(request ? { request } : {}) };
}
