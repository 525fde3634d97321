/**
 * Reads the paths of the distribution API, from the right.
 *
 * A repository name has any number of levels, and each of them may be a word that the API uses
 * itself (`a/blobs/b`, `tags/list`). So the operation is the longest suffix that is one, and the
 * name is all that stands before it. The inverse is `locations.ts`.
 */
import { parseRepositoryName } from '../oci/reference.ts';
import { isVirtualName, parseVirtualName, type VirtualName } from '../oci/virtual-name.ts';

/** What there is below a name. */
type Operation =
  | 'blobs/<digest>'
  | 'blobs/uploads/'
  | 'blobs/uploads/<id>'
  | 'manifests/<reference>'
  | 'tags/list'
  | 'referrers/<digest>';

/** How a trusted party hands over what it fetched for a virtual registry. */
type HandOver = 'blobs/<digest>/upload' | 'manifests/<reference>/upload';

/**
 * The paths that there are, as the table of routes writes them; `<virtual>` is a name that means an
 * image of a virtual registry.
 */
export type RoutePath =
  | '/v2/'
  | '/v2/_catalog'
  | '/v2/_oci/ext/discover'
  | `/v2/<name>/${Operation}`
  | `/v2/<virtual>/${Operation | HandOver}`;

export interface PathMatch {
  readonly path: RoutePath;
  /**
   * What stands for `<name>` or `<virtual>` as the client wrote it, not checked yet; '' where the
   * path has none.
   */
  readonly name: string;
  /** What stands for `<digest>`, `<reference>` or `<id>`, not checked yet; '' where it has none. */
  readonly last: string;
  /** What `<virtual>` means; absent where it means nothing. */
  readonly virtual?: VirtualName;
}

const BASE: PathMatch = { path: '/v2/', name: '', last: '' };

/** > Repository names cannot begin with `_`, so that what does is free for extensions. */
const RESERVED: Readonly<Record<string, PathMatch>> = {
  _catalog: { path: '/v2/_catalog', name: '', last: '' },
  '_oci/ext/discover': { path: '/v2/_oci/ext/discover', name: '', last: '' },
};

const PREFIX = '/v2/';

/**
 * @param mirror the virtual registry whose images all names are, under a host that is a mirror
 * @returns what the path (without its query) means, or `undefined` where it means nothing here.
 */
export function matchPath(rawPath: string, mirror?: string): PathMatch | undefined {
  if (rawPath === '/v2/' || rawPath === '/v2') return BASE;
  if (!rawPath.startsWith(PREFIX)) return undefined;
  const rest = decodePath(stripSlash(rawPath.slice(PREFIX.length)));
  if (rest === undefined) return undefined;
  if (mirror !== undefined) return matchVirtual(rest, mirror);
  if (isVirtualName(rest)) return matchVirtual(rest);
  return Object.hasOwn(RESERVED, rest) ? RESERVED[rest] : matchSuffix(rest);
}

function matchVirtual(rest: string, mirror?: string): PathMatch | undefined {
  const match = matchSuffix(rest) ?? matchHandOver(rest);
  if (!match) return undefined;
  const { name, last } = match;
  const virtual = mirror === undefined ? parseVirtualName(name) : mirrorName(mirror, name);
  const path = match.path.replace('<name>', '<virtual>') as RoutePath;
  return { path, name, last, ...(virtual ? { virtual } : {}) };
}

function mirrorName(registry: string, name: string): VirtualName | undefined {
  const image = parseRepositoryName(name);
  return image && { registry, image };
}

/** The path of what is handed over, with a word behind it. */
function matchHandOver(rest: string): PathMatch | undefined {
  if (!rest.endsWith('/upload')) return undefined;
  const match = matchSuffix(rest.slice(0, -'/upload'.length));
  const isContent = match && /\/(?:blobs\/<digest>|manifests\/<reference>)$/.test(match.path);
  return isContent ? { ...match, path: `${match.path}/upload` as RoutePath } : undefined;
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
