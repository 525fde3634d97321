/**
 * What the manifests of a repository name, read from their own bytes: the second opinion beside the
 * tables. Where the bytes cannot be read, or lead to what is not there, nobody knows what is in
 * use, and everything is kept (A43).
 */
import type { Digest } from '../../oci/digest.ts';
import { outlineOf, parseManifest } from '../../oci/manifest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Content, GarbageReviews } from '../../storage/garbage.ts';
import type { Doubt } from '../../storage/garbage-bin.ts';

export interface Uses {
  /** Blobs that some manifest names. */
  readonly link: ReadonlySet<Digest>;
  /** Children of some index. */
  readonly manifest: ReadonlySet<Digest>;
  readonly doubt?: Doubt;
}

const PAGE = 200;

/** Reads all manifests of the repository. */
export async function readUses(
  reviews: Pick<GarbageReviews, 'listContents'>,
  repository: RepositoryName,
): Promise<Uses> {
  const [link, manifest, known] = [new Set<Digest>(), new Set<Digest>(), new Set<Digest>()];
  for (let after: Digest | undefined; ; ) {
    const cursor = after === undefined ? {} : { after };
    const page = await reviews.listContents(repository, { limit: PAGE, ...cursor });
    for (const content of page) {
      known.add(content.digest);
      const named = readNamed(content);
      if (!named) return { link, manifest, doubt: unreadable(repository, content) };
      for (const blob of named.blobs) link.add(blob);
      for (const child of named.manifests) manifest.add(child);
    }
    after = page.at(-1)?.digest;
    if (page.length < PAGE) break;
  }
  const missing = [...manifest].find((child) => !known.has(child));
  if (missing === undefined) return { link, manifest };
  const message = `an index names ${missing}, which is not there`;
  return { link, manifest, doubt: { repository, reason: 'missing-child', message } };
}

function readNamed({ content, mediaType }: Content) {
  try {
    return outlineOf(parseManifest(content, mediaType));
  } catch {
    return undefined;
  }
}

function unreadable(repository: RepositoryName, { digest }: Content): Doubt {
  const message = `the manifest ${digest} cannot be read`;
  return { repository, reason: 'unreadable-manifest', message };
}
