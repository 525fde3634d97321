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
import { LearnedTags } from '../events/learned-tags.ts';
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
interface Asked {
  readonly repository: RepositoryName;
  /** Absent where the request named the digest. */
  readonly tag?: Tag;
  readonly digest: Digest;
}

/** Sees each answer, and tells of the images among them; not of what other sites ask. */
export function watchImages(onImage: (seen: SeenImage) => void): OnAnswer {
  const learned = new LearnedTags();
  return (request, answer) => {
    const asked = isOfSite(request) ? undefined : readAsked(request, answer);
    if (!asked) return;
    const { repository, digest } = asked;
    const tag = asked.tag ?? learned.find(repository, digest);
    if (tag === undefined) return;
    if (request.method === 'HEAD') learned.learn(repository, digest, tag);
    else if (request.method === 'PUT') onImage({ kind: 'pushed', repository, tag, digest });
    else if (request.method === 'GET') {
      learned.take(repository, digest);
      const source = findHeader(answer, 'meridian-source');
      onImage({ kind: 'pulled', repository, tag, digest, ...(source ? { source } : {}) });
    }
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
