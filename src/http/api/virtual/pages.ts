/** What the routes of virtual registries have in common: names in paths, and pages of lists. */
import type { Context } from 'koa';
import { RegistryError } from '../../../oci/error.ts';
import { jsonAnswer, writeAnswer } from '../../answer.ts';
import { cutPage, printNextLink, readLast, readPageSize } from '../../pagination.ts';

export const FRESH = { 'Cache-Control': 'no-store' };

/** Whatever may be a name here. */
const NAME = /^[a-z0-9._-]{1,255}$/;

/** As it stands in the path. @throws RegistryError NAME_INVALID for what no table can hold */
export function nameOf(context: Context): string {
  const name = String(context['params']?.name);
  if (name.includes('\0')) throw new RegistryError('NAME_INVALID');
  return name;
}

/** A page of what has names, in their order. @param key names the list in the answer */
export async function answerPage<Item extends { readonly name: string }>(
  context: Context,
  key: string,
  list: (page: { readonly after?: string; readonly limit: number }) => Promise<readonly Item[]>,
): Promise<void> {
  const query = new URLSearchParams(context.querystring);
  const n = readPageSize(query);
  const after = readLast(query, (text) => (NAME.test(text) ? text : undefined));
  const found = await list({ limit: n + 1, ...(after === undefined ? {} : { after }) });
  const { page, more } = cutPage(found, n);
  const last = more ? page.at(-1)?.name : undefined;
  const link = last && printNextLink({ path: context.path, query, last, n });
  const headers = { ...FRESH, ...(link ? { Link: link } : {}) };
  await writeAnswer(context, jsonAnswer({ [key]: page }, headers));
}
