/** `GET /v2/<name>/referrers/<digest>`. */
import { parseDigest } from '../../oci/digest.ts';
import { OCI_INDEX } from '../../oci/media-type.ts';
import type { Answer, Headers } from '../answer.ts';
import { referrersLocation } from '../locations.ts';
import { readLast } from '../pagination.ts';
import type { Call } from './call.ts';
import type { Services } from './services.ts';

/** > 200 OK … an image index, also where there is nothing: never 404. (listing referrers) */
export async function listReferrers(call: Call, { referrers }: Services): Promise<Answer> {
  const { repository, digest: subject, query } = call;
  const artifactType = readArtifactType(call);
  const after = readLast(query, parseDigest);
  const { items, next } = await referrers.list({ repository, subject, artifactType, after });
  const path = referrersLocation(repository, subject);
  return indexAnswer(items, {
    ...filterHeaders(artifactType),
    ...(next === undefined ? {} : { Link: printLink(path, query, next) }),
  });
}

/** A media type holds no blank: one that was read is a `+` that was not encoded (115). */
export function readArtifactType({ query }: Call): string | undefined {
  return query.get('artifactType')?.replaceAll(' ', '+') || undefined;
}

export function filterHeaders(artifactType: string | undefined): Headers {
  return artifactType === undefined ? {} : { 'OCI-Filters-Applied': 'artifactType' };
}

/** Put together from descriptors that are JSON already. */
export function indexAnswer(items: readonly string[], headers: Headers): Answer {
  const head = `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":[`;
  const body = Buffer.from(`${head}${items.join(',')}]}`);
  return {
    status: 200,
    headers: { 'Content-Type': OCI_INDEX, 'Content-Length': body.length, ...headers },
    body,
  };
}

function printLink(path: string, query: URLSearchParams, last: string): string {
  const next = new URLSearchParams(query);
  next.set('last', last);
  return `<${path}?${next.toString()}>; rel="next"`;
}
