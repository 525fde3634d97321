/**
 * Reads the paths of the distribution API, from the right.
 *
 * A repository name has any number of levels, and each of them may be a word that the API uses
 * itself (`a/blobs/b`, `tags/list`). So the operation is the longest suffix that is one, and the
 * name is all that stands before it. The inverse is `locations.ts`.
 */

/** The paths that there are, as the table of routes writes them. */
export type RoutePath =
  | '/v2/'
  | '/v2/_catalog'
  | '/v2/_oci/ext/discover'
  | '/v2/<name>/blobs/<digest>'
  | '/v2/<name>/blobs/uploads/'
  | '/v2/<name>/blobs/uploads/<id>'
  | '/v2/<name>/manifests/<reference>'
  | '/v2/<name>/tags/list'
  | '/v2/<name>/referrers/<digest>';

export interface PathMatch {
  readonly path: RoutePath;
  /** What stands for `<name>`, not checked yet; '' where the path has none. */
  readonly name: string;
  /** What stands for `<digest>`, `<reference>` or `<id>`, not checked yet; '' where it has none. */
  readonly last: string;
}

const BASE: PathMatch = { path: '/v2/', name: '', last: '' };

/** > Repository names cannot begin with `_`, so that what does is free for extensions. */
const RESERVED: Readonly<Record<string, PathMatch>> = {
  _catalog: { path: '/v2/_catalog', name: '', last: '' },
  '_oci/ext/discover': { path: '/v2/_oci/ext/discover', name: '', last: '' },
};

const PREFIX = '/v2/';

/** @returns what the path (without its query) means, or `undefined` where it means nothing here. */
export function matchPath(rawPath: string): PathMatch | undefined {
  if (rawPath === '/v2/' || rawPath === '/v2') return BASE;
  if (!rawPath.startsWith(PREFIX)) return undefined;
  const rest = decodePath(stripSlash(rawPath.slice(PREFIX.length)));
  if (rest === undefined) return undefined;
  return Object.hasOwn(RESERVED, rest) ? RESERVED[rest] : matchSuffix(rest);
}

/** Some tools leave the last slash out, others put one too many (T31). */
function stripSlash(path: string): string {
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

/**
 * Proxies may write `:` as `%3A`. A slash that is written `%2F` is no separator: it is left as it
 * stands, so that no name and no reference with it is valid (T30, A3).
 */
function decodePath(path: string): string | undefined {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path.replaceAll(/%(?=2f|5c|00|25)/gi, '%25'));
  } catch {
    return undefined;
  }
}

function matchSuffix(rest: string): PathMatch | undefined {
  const lastSlash = rest.lastIndexOf('/');
  if (lastSlash <= 0) return undefined;
  const last = rest.slice(lastSlash + 1);
  const keywordSlash = rest.lastIndexOf('/', lastSlash - 1);
  if (keywordSlash <= 0) return undefined;
  const name = rest.slice(0, keywordSlash);
  switch (rest.slice(keywordSlash + 1, lastSlash)) {
    case 'manifests':
      return { path: '/v2/<name>/manifests/<reference>', name, last };
    case 'blobs':
      if (last === 'uploads') return { path: '/v2/<name>/blobs/uploads/', name, last: '' };
      return { path: '/v2/<name>/blobs/<digest>', name, last };
    case 'uploads':
      if (!name.endsWith('/blobs')) return undefined;
      return { path: '/v2/<name>/blobs/uploads/<id>', name: name.slice(0, -'/blobs'.length), last };
    case 'tags':
      return last === 'list' ? { path: '/v2/<name>/tags/list', name, last: '' } : undefined;
    case 'referrers':
      return { path: '/v2/<name>/referrers/<digest>', name, last };
    default:
      return undefined;
  }
}
