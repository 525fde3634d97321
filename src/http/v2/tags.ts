/** `GET /v2/<name>/tags/list`. */
import { parseTag, type Tag } from '../../oci/reference.ts';
import { type Answer, jsonAnswer } from '../answer.ts';
import { tagsLocation } from '../locations.ts';
import { cutPage, printNextLink, readLast, readPageSize } from '../pagination.ts';
import type { Call } from './call.ts';
import type { Services } from './services.ts';

export async function listTags(call: Call, { tags, repositories }: Services): Promise<Answer> {
  const name = call.repository;
  return answerTags(call, {
    list: (page) => tags.list(name, page),
    check: () => repositories.check(name),
  });
}

/** Tags of whatever the path names, by pages. */
interface TagSource {
  readonly list: (page: { readonly after?: Tag; readonly limit: number }) => Promise<string[]>;
  /** @throws RegistryError NAME_UNKNOWN where there is no such thing. */
  readonly check: () => Promise<unknown>;
}

export async function answerTags(call: Call, { list, check }: TagSource): Promise<Answer> {
  const name = call.repository;
  const n = readPageSize(call.query);
  const after = readLast(call.query, parseTag);
  if (n === 0) {
    // > If n is zero, the tag list is empty and there is no Link header.
    await check();
    return jsonAnswer({ name, tags: [] });
  }
  const found = await list({ ...(after === undefined ? {} : { after }), limit: n + 1 });
  const { page, more } = cutPage(found, n);
  const link = { path: tagsLocation(name), query: call.query, last: page.at(-1) ?? '', n };
  return jsonAnswer({ name, tags: page }, more ? { Link: printNextLink(link) } : {});
}
