/** Pages of lists: `n` and `last` of a request, and the `Link` to what follows. */
import { RegistryError } from '../oci/error.ts';

/** A larger `n` is cut to this, and a `Link` leads on (checklist 107, A1). */
const MAX_PAGE = 1000;

const WHOLE_NUMBER = /^[0-9]+$/;

/**
 * Reads `n`.
 * @returns how many items the page holds at most; {@link MAX_PAGE} where the client does not say.
 * @throws RegistryError UNSUPPORTED (400) where it is no whole number.
 */
export function readPageSize(query: URLSearchParams): number {
  const text = query.get('n');
  if (text === null || text === '') return MAX_PAGE;
  if (!WHOLE_NUMBER.test(text)) {
    throw new RegistryError('UNSUPPORTED', { status: 400, message: 'n must be a whole number' });
  }
  return Math.min(Number(text), MAX_PAGE);
}

/**
 * Reads `last`, which need not exist but must be a word of its kind.
 * @throws RegistryError UNSUPPORTED (400) where it is not; nothing else reaches the storage (A3).
 */
export function readLast<T extends string>(
  query: URLSearchParams,
  parse: (text: string) => T | undefined,
): T | undefined {
  const text = query.get('last');
  if (text === null || text === '') return undefined;
  const last = parse(text);
  if (last === undefined) {
    throw new RegistryError('UNSUPPORTED', { status: 400, message: 'last is not a name here' });
  }
  return last;
}

export interface NextPage {
  readonly path: string;
  readonly query: URLSearchParams;
  /** The last item of this page. */
  readonly last: string;
  readonly n: number;
}

/**
 * > A `Link` header … following RFC5988 … with `rel="next"`
 *
 * Whatever else the client asked for is kept in it.
 */
export function printNextLink({ path, query, last, n }: NextPage): string {
  const next = new URLSearchParams(query);
  next.set('n', String(n));
  next.set('last', last);
  return `<${path}?${next.toString()}>; rel="next"`;
}

/** A page and whether more follows, from a list that was asked for one item more than it holds. */
export function cutPage<T>(
  items: readonly T[],
  size: number,
): { page: readonly T[]; more: boolean } {
  return { page: items.slice(0, size), more: items.length > size };
}
