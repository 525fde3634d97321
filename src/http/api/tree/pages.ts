/** What the lists of the tree have in common: their queries, and the link to what follows. */
import type { Context } from 'koa';
import { RegistryError } from '../../../oci/error.ts';
import { parseRepositoryName, type RepositoryName } from '../../../oci/reference.ts';
import type { NamePage, Slice } from '../../../storage/tree/tree.ts';
import { jsonAnswer, writeAnswer } from '../../answer.ts';
import { printNextLink, readPageSize } from '../../pagination.ts';

/** Whatever may stand in a name or a tag; text that is longer than any of them finds nothing. */
const PART = /^[A-Za-z0-9._/-]{0,255}$/;

/** @throws RegistryError UNSUPPORTED (400) */
export function readFilter(query: URLSearchParams): Pick<NamePage, 'prefix' | 'search'> {
  return { prefix: readPart(query, 'prefix'), search: readPart(query, 'search') };
}

/** @throws RegistryError UNSUPPORTED (400) */
export function readNamePage(query: URLSearchParams): NamePage {
  const after = readPart(query, 'last');
  return { ...readFilter(query), after, limit: readLimit(query) };
}

/** At least one: a page of none would lead nowhere. */
export function readLimit(query: URLSearchParams, most = Number.POSITIVE_INFINITY): number {
  return Math.max(1, Math.min(readPageSize(query), most));
}

/** A path of the tree, where the query has one. @throws RegistryError NAME_INVALID */
export function readPath(query: URLSearchParams, key: string): RepositoryName | undefined {
  const text = query.get(key);
  if (text === null || text === '') return undefined;
  const path = parseRepositoryName(text);
  if (path === undefined) throw new RegistryError('NAME_INVALID');
  return path;
}

export function refuse(message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status: 400, message });
}

/** @param key names the list in the answer */
export async function answerSlice<Item, Key>(
  context: Context,
  key: string,
  { items, last, n }: Pick<Slice<Item, Key>, 'items'> & { last: string | undefined; n: number },
): Promise<void> {
  const query = new URLSearchParams(context.querystring);
  const next = last === undefined ? undefined : linkTo(context, { query, last, n });
  const headers = { 'Cache-Control': 'no-store', ...(next === undefined ? {} : { Link: next }) };
  await writeAnswer(context, jsonAnswer({ [key]: items }, headers));
}

function linkTo({ path }: Context, next: { query: URLSearchParams; last: string; n: number }) {
  return printNextLink({ path, ...next });
}

function readPart(query: URLSearchParams, key: string): string {
  const text = query.get(key) ?? '';
  if (PART.test(text)) return text;
  throw refuse(`${key} has a character that no name has, or is too long`);
}
