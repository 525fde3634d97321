/** `GET /v2/_catalog`: the repositories that the caller may see. */
import { parseRepositoryName } from '../../oci/reference.ts';
import { type Answer, jsonAnswer } from '../answer.ts';
import { cutPage, printNextLink, readLast, readPageSize } from '../pagination.ts';
import type { Call } from './call.ts';
import type { Services } from './services.ts';

export async function listRepositories(call: Call, { repositories }: Services): Promise<Answer> {
  const n = readPageSize(call.query);
  const after = readLast(call.query, parseRepositoryName);
  if (n === 0) return jsonAnswer({ repositories: [] });
  const { visible } = call.caller.judgeCatalog();
  const found = await repositories.list(visible, { after, limit: n + 1 });
  const { page, more } = cutPage(found, n);
  const link = { path: '/v2/_catalog', query: call.query, last: page.at(-1) ?? '', n };
  return jsonAnswer({ repositories: page }, more ? { Link: printNextLink(link) } : {});
}
