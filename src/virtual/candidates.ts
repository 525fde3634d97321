/** Which upstreams of a registry may answer for an image. */
import { matchesPath, type PathPattern } from '../oci/path-pattern.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { VirtualUpstream } from '../oci/virtual-registry.ts';

/** What a call says of whom it wants to be asked. */
export interface Wish {
  readonly image: RepositoryName;
  readonly namespace?: string | undefined;
  readonly upstream?: string | undefined;
}

/**
 * Those that may answer, in their order. An exclusive name space is looked at before all else, so
 * that no upstream ever answers in it because the one whose it is may not, or is away (A35).
 */
export function findCandidates(
  upstreams: readonly VirtualUpstream[],
  wish: Wish,
): readonly VirtualUpstream[] {
  const { image } = wish;
  const owners = upstreams.filter((upstream) => isCovered(upstream.exclusive, image, upstream));
  const namespace = honouredNamespace(upstreams, wish);
  return (owners.length > 0 ? owners : upstreams).filter(
    (upstream) =>
      mayAnswer(upstream, image) &&
      (namespace === undefined || upstream.namespace === namespace) &&
      (wish.upstream === undefined || upstream.name === wish.upstream),
  );
}

/** Meant only where the upstreams say which name space they stand for (V17). */
export function honouredNamespace(
  upstreams: readonly VirtualUpstream[],
  { namespace }: Pick<Wish, 'namespace'>,
): string | undefined {
  return upstreams.some((upstream) => upstream.namespace !== undefined) ? namespace : undefined;
}

/** Whether its own rules let the upstream answer for the image. */
export function mayAnswer(upstream: VirtualUpstream, image: RepositoryName): boolean {
  const { allow, deny } = upstream;
  const isAllowed = allow.length === 0 || isCovered(allow, image, upstream);
  return isAllowed && !isCovered(deny, image, upstream);
}

/** Both spellings of one image count, else one would pass where the other is refused. */
function isCovered(
  patterns: readonly PathPattern[],
  image: RepositoryName,
  { origin }: VirtualUpstream,
): boolean {
  if (patterns.length === 0) return false;
  const spellings = [image as string];
  if (origin.kind === 'remote' && origin.rewritesLibrary) {
    if (!image.includes('/')) spellings.push(`library/${image}`);
    else if (/^library\/[^/]+$/.test(image)) spellings.push(image.slice('library/'.length));
  }
  return patterns.some((pattern) => spellings.some((path) => matchesPath(pattern, path)));
}
