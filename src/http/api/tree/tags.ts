/** `GET /api/v1/repositories/<name>/tags`: the tags of a repository with what they point to. */
import type { Context } from 'koa';
import { RegistryError } from '../../../oci/error.ts';
import { parseRepositoryName, parseTag, type RepositoryName } from '../../../oci/reference.ts';
import type { TreeViews } from '../../../registry/tree/tree-views.ts';
import type { TagKey, TagPage } from '../../../storage/tree/tree.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { repositoryScope } from '../../authorize.ts';
import { answerSlice, readFilter, readLimit, refuse } from './pages.ts';

/** Names have slashes, so the path is matched as a whole. */
export const TAGS = /^\/api\/v1\/repositories\/(?<name>.+)\/tags$/;

/** Each comes with its sizes and referrers, and an index with its platforms. */
const MAX_PAGE = 100;

/** A minus lets the last or the newest come first. */
const SORTS = {
  name: { order: 'name', isDescending: false },
  '-name': { order: 'name', isDescending: true },
  pushed: { order: 'pushed', isDescending: false },
  '-pushed': { order: 'pushed', isDescending: true },
} as const;

interface Dependencies {
  readonly treeViews: TreeViews;
  readonly gatekeeper: Gatekeeper;
}

/** For whoever may pull the repository. */
export async function listTags(
  context: Context,
  { treeViews, gatekeeper }: Dependencies,
): Promise<void> {
  const repository = readRepository(context);
  const scopes = [repositoryScope(repository, 'pull')];
  const caller = await gatekeeper.authenticate(context.req, () => scopes);
  const verdict = caller.isAdministrator ? 'granted' : caller.judge('pull', repository);
  if (verdict === 'ask') throw gatekeeper.unauthorized(context.req, { scopes });
  if (verdict === 'denied') throw new RegistryError('DENIED');
  const page = readPage(new URLSearchParams(context.querystring));
  const { items, next } = await treeViews.listTags(repository, page);
  const last = next && printKey(next);
  await answerSlice(context, 'tags', { items, last, n: page.limit });
}

/** @throws RegistryError NAME_INVALID */
function readRepository({ path }: Context): RepositoryName {
  const repository = parseRepositoryName(TAGS.exec(path)?.groups?.['name'] ?? '');
  if (repository === undefined) throw new RegistryError('NAME_INVALID');
  return repository;
}

/** @throws RegistryError UNSUPPORTED (400) */
function readPage(query: URLSearchParams): TagPage {
  const sort = query.get('sort') ?? 'name';
  if (!Object.hasOwn(SORTS, sort)) throw refuse(`sort is one of ${Object.keys(SORTS).join(', ')}`);
  const text = query.get('last') ?? '';
  const after = text === '' ? {} : { after: parseKey(text) };
  const filter = { ...readFilter(query), limit: readLimit(query, MAX_PAGE) };
  return { ...filter, ...after, ...SORTS[sort as keyof typeof SORTS] };
}

function printKey({ name, pushedAt }: TagKey): string {
  return `${name},${pushedAt.getTime()}`;
}

/** @throws RegistryError UNSUPPORTED (400) */
function parseKey(text: string): TagKey {
  const [word = '', time = ''] = text.split(',', 2);
  const name = parseTag(word);
  if (name && /^[0-9]{1,14}$/.test(time)) return { name, pushedAt: new Date(Number(time)) };
  throw refuse('last is where a page before ended: follow its Link');
}
