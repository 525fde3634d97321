/** Tells of manifests that clients are given, for whoever asks when an image was pulled last. */
import { EPOCH_HEADER } from '../../geo/role.ts';
import { type Digest, parseDigest } from '../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';
import type { Headers } from '../answer.ts';
import type { OnCall } from '../app.ts';
import { LearnedTags } from './learned-tags.ts';

export interface ManifestPull {
  readonly repository: RepositoryName;
  /** Absent where it was pulled by its digest, and nobody asked for a tag of it before. */
  readonly tag?: Tag;
  readonly digest: Digest;
}

/** Tells of each manifest that a client was given; not of what other sites ask. */
export function watchPulls(onPull: (pull: ManifestPull) => void): OnCall {
  const learned = new LearnedTags();
  return ({ method, path }, call, { status, headers }) => {
    if (method !== 'GET' || path !== '/v2/<name>/manifests/<reference>' || status !== 200) return;
    // Sites say their epoch where they pass something on.
    if (call.headers[EPOCH_HEADER] !== undefined) return;
    const { repository, reference, isHead } = call;
    const digest = reference.kind === 'digest' ? reference.digest : digestIn(headers);
    if (!digest) return;
    const named = reference.kind === 'tag' ? reference.tag : undefined;
    if (isHead) {
      if (named !== undefined) learned.learn(repository, digest, named);
      return;
    }
    const tag = learned.take(repository, digest);
    const found = named ?? tag;
    onPull({ repository, digest, ...(found === undefined ? {} : { tag: found }) });
  };
}

/** What was passed on has its names in lower case. */
function digestIn(headers: Headers): Digest | undefined {
  const text = headers['Docker-Content-Digest'] ?? headers['docker-content-digest'];
  return parseDigest(String(text ?? ''));
}
