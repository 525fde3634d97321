/** Where a browser goes when it has signed in: to a place of this site, and nowhere else (A26f). */

/** The console. */
const HOME = '/console/';

/** Stands for any site: what leads away from it leads away from ours. */
const HERE = 'http://site.invalid';

const MAX_LENGTH = 2000;

/**
 * The path with its query, where it is one of this site; otherwise {@link HOME}. Browsers read a
 * backslash as a slash, drop tabs and line feeds, and take `//host` for another host.
 */
export function readReturnPath(text: string | undefined): string {
  if (text === undefined || text.length > MAX_LENGTH) return HOME;
  if (!/^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/.test(text)) return HOME;
  const url = URL.canParse(text, HERE) ? new URL(text, HERE) : undefined;
  if (url?.origin !== HERE || url.pathname.startsWith('//')) return HOME;
  return `${url.pathname}${url.search}${url.hash}`;
}
