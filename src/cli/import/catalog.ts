/**
 * Which repositories a registry has. The distribution API lists them at `/v2/_catalog`; Harbor
 * lets administrators alone do that, but lists to everybody the projects that they may see.
 */
import { header, nextPage, type RegistryLine } from './registry-line.ts';

export type Kind = 'docker' | 'harbor';

export interface Catalog {
  readonly repositories: readonly string[];
  /** Projects that only cache another registry; they are better made virtual registries. */
  readonly caches: readonly string[];
}

const PAGE = 100;
const CATALOG = ['registry:catalog:*'];

export async function findKind(line: RegistryLine): Promise<Kind> {
  const answer = await line.ask('/api/v2.0/ping');
  const text = (await answer.body.text()).trim();
  return answer.statusCode === 200 && text === 'Pong' ? 'harbor' : 'docker';
}

export async function listRepositories(line: RegistryLine, kind: Kind): Promise<Catalog> {
  return kind === 'harbor'
    ? listHarbor(line)
    : { repositories: await listDocker(line), caches: [] };
}

async function listDocker(line: RegistryLine): Promise<string[]> {
  const found: string[] = [];
  let path: string | undefined = `/v2/_catalog?n=${PAGE}`;
  while (path) {
    const answer = await line.expect(path, { scopes: CATALOG });
    path = nextPage(answer, line.url);
    const { repositories } = (await answer.body.json()) as { repositories?: string[] | null };
    found.push(...(repositories ?? []));
  }
  return found.sort();
}

interface Project {
  readonly name: string;
  /** Of the registry that it caches. */
  readonly registry_id?: number | null;
}

async function listHarbor(line: RegistryLine): Promise<Catalog> {
  const projects = await listPages<Project>(line, '/api/v2.0/projects');
  const [caches, own] = [projects.filter(isCache), projects.filter((one) => !isCache(one))];
  const repositories: string[] = [];
  for (const { name } of own) {
    const path = `/api/v2.0/projects/${encodeURIComponent(name)}/repositories`;
    const found = await listPages<{ readonly name: string }>(line, path);
    repositories.push(...found.map((repository) => repository.name));
  }
  return { repositories: repositories.sort(), caches: caches.map(({ name }) => name) };
}

function isCache({ registry_id: registry }: Project): boolean {
  return typeof registry === 'number' && registry > 0;
}

/** Harbor counts pages from 1 and says in `X-Total-Count` how many items there are. */
async function listPages<Item>(line: RegistryLine, path: string): Promise<Item[]> {
  const items: Item[] = [];
  for (let page = 1; ; page += 1) {
    const answer = await line.expect(`${path}?page=${page}&page_size=${PAGE}`, {
      isPasswordShown: true,
    });
    const some = (await answer.body.json()) as Item[];
    items.push(...some);
    const total = Number(header(answer, 'x-total-count') ?? Number.NaN);
    if (some.length === 0 || items.length >= total) return items;
    if (Number.isNaN(total) && some.length < PAGE) return items;
  }
}
