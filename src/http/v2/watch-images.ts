/** Sees images as clients push and pull them by a tag, for whoever shows what happens at a site. */
import type { IncomingMessage } from 'node:http';
import { EPOCH_HEADER } from '../../geo/role.ts';
import { type Digest, parseDigest } from '../../oci/digest.ts';
import {
  parseReference,
  parseRepositoryName,
  type RepositoryName,
  type Tag,
} from '../../oci/reference.ts';
import type { Answer } from '../answer.ts';
import type { OnAnswer } from '../app.ts';
import { matchPath } from '../match-path.ts';

export interface SeenImage {
  readonly kind: 'pushed' | 'pulled';
  readonly repository: RepositoryName;
  readonly tag: Tag;
  readonly digest: Digest;
  /** Where the answer to a pull came from, as its header says. */
  readonly source?: string;
}

/** A manifest, as a request named it. */
export interface Asked {
  readonly repository: RepositoryName;
  /** Absent where the request named the digest. */
  readonly tag?: Tag;
  readonly digest: Digest;
}

/** No more tags than that are remembered for the pulls that follow. */
const MAX_REMEMBERED = 1000;

/** Sees each answer, and tells of the images among them; not of what other sites ask. */
export function watchImages(onImage: (seen: SeenImage) => void): OnAnswer {
  // docker and ctr ask for the tag by HEAD, and then pull by the digest that they were told.
  const remembered = new Map<string, Tag>();
  return (request, answer) => {
    const asked = isOfSite(request) ? undefined : readAsked(request, answer);
    if (!asked) return;
    const { repository, digest } = asked;
    const key = `${repository}@${digest}`;
    const tag = asked.tag ?? remembered.get(key);
    if (tag === undefined) return;
    if (request.method === 'HEAD') remember(remembered, key, tag);
    else if (request.method === 'PUT') onImage({ kind: 'pushed', repository, tag, digest });
    else if (request.method === 'GET') {
      remembered.delete(key);
      const source = findHeader(answer, 'meridian-source');
      onImage({ kind: 'pulled', repository, tag, digest, ...(source ? { source } : {}) });
    }
  };
}

/** Tells of each manifest that a client was given; not of what other sites ask. */
export function watchPulls(onPull: (pull: Asked) => void): OnAnswer {
  const remembered = new Map<string, Tag>();
  return (request, answer) => {
    const mayBeOne = request.method !== 'PUT' && request.url?.includes('/manifests/') === true;
    const asked = mayBeOne && !isOfSite(request) ? readAsked(request, answer) : undefined;
    if (!asked) return;
    const key = `${asked.repository}@${asked.digest}`;
    const tag = asked.tag ?? remembered.get(key);
    const isHead = request.method === 'HEAD';
    if (isHead && tag !== undefined) remember(remembered, key, tag);
    if (isHead) return;
    remembered.delete(key);
    onPull({ ...asked, ...(tag === undefined ? {} : { tag }) });
  };
}

/** Sites read with tokens of their own, and say their epoch where they pass something on. */
function isOfSite({ headers }: IncomingMessage): boolean {
  return headers[EPOCH_HEADER] !== undefined;
}

/** The manifest that was asked for or given, where it is there now. */
function readAsked({ url = '' }: IncomingMessage, answer: Answer): Asked | undefined {
  const match = matchPath(url.split('?', 1)[0]!);
  const isDone = answer.status === 200 || answer.status === 201;
  if (match?.path !== '/v2/<name>/manifests/<reference>' || !isDone) return undefined;
  const repository = parseRepositoryName(match.name);
  const digest = parseDigest(findHeader(answer, 'docker-content-digest') ?? '');
  const reference = parseReference(match.last);
  if (!repository || !digest || !reference) return undefined;
  return { repository, digest, ...(reference.kind === 'tag' ? { tag: reference.tag } : {}) };
}

/** What was passed on has its names in lower case. */
function findHeader({ headers }: Answer, name: string): string | undefined {
  const found = Object.entries(headers).find(([each]) => each.toLowerCase() === name);
  return found && String(found[1]);
}

function remember(remembered: Map<string, Tag>, key: string, tag: Tag): void {
  if (remembered.size === MAX_REMEMBERED) remembered.delete(remembered.keys().next().value!);
  remembered.set(key, tag);
}
