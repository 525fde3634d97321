/**
 * Names as a tree: `/api/v1/groups`, `/api/v1/projects`, `/api/v1/repositories` and
 * `/api/v1/sizes`. Each site answers from its own facts, and shows only what the caller may pull:
 * what is hidden and what is not there get the same answer.
 */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { RegistryError } from '../../../oci/error.ts';
import { EVERYTHING, type PathPattern } from '../../../oci/path-pattern.ts';
import type { Access } from '../../../oci/scope.ts';
import type { TreeViews } from '../../../registry/tree/tree-views.ts';
import { jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { answerSlice, readNamePage, readPath, refuse } from './pages.ts';
import { listTags, TAGS } from './tags.ts';

export interface TreeDependencies {
  readonly treeViews: TreeViews;
  readonly gatekeeper: Gatekeeper;
}

/** As for `/v2/_catalog`. */
const CATALOG: Access = { type: 'registry', name: 'catalog', actions: ['*'] };

export function treeRoutes(dependencies: TreeDependencies): Router {
  const router = new Router();
  router.get('/api/v1/groups', (context) => listGroups(context, dependencies));
  router.get('/api/v1/projects', (context) => listProjects(context, dependencies));
  router.get('/api/v1/repositories', (context) => listImages(context, dependencies));
  router.get('/api/v1/sizes', (context) => measure(context, dependencies));
  router.get(TAGS, (context) => listTags(context, dependencies));
  return router;
}

/**
 * What the caller may pull; everything for an administrator.
 * @throws RegistryError UNAUTHORIZED, DENIED
 */
export async function readVisible(
  { req }: Context,
  gatekeeper: Gatekeeper,
): Promise<readonly PathPattern[]> {
  const scopes = [CATALOG];
  const caller = await gatekeeper.authenticate(req, () => scopes);
  if (caller.isAdministrator) return [EVERYTHING];
  const { verdict, visible } = caller.judgeCatalog();
  if (verdict === 'ask') throw gatekeeper.unauthorized(req, { scopes });
  if (verdict === 'denied') throw new RegistryError('DENIED');
  return visible;
}

async function listGroups(
  context: Context,
  { treeViews, gatekeeper }: TreeDependencies,
): Promise<void> {
  const visible = await readVisible(context, gatekeeper);
  const page = readNamePage(new URLSearchParams(context.querystring));
  const { items, next } = await treeViews.listGroups({ visible }, page);
  const groups = items.map((name) => ({ name }));
  await answerSlice(context, 'groups', { items: groups, last: next, n: page.limit });
}

async function listProjects(
  context: Context,
  { treeViews, gatekeeper }: TreeDependencies,
): Promise<void> {
  const visible = await readVisible(context, gatekeeper);
  const query = new URLSearchParams(context.querystring);
  const path = readPath(query, 'group');
  if (path === undefined || path.includes('/')) throw refuse('group must name a group');
  const page = readNamePage(query);
  const { items, next } = await treeViews.listProjects({ visible, path }, page);
  const projects = items.map((name) => ({ name }));
  await answerSlice(context, 'projects', { items: projects, last: next, n: page.limit });
}

async function listImages(
  context: Context,
  { treeViews, gatekeeper }: TreeDependencies,
): Promise<void> {
  const visible = await readVisible(context, gatekeeper);
  const query = new URLSearchParams(context.querystring);
  const path = readPath(query, 'tree');
  const page = readNamePage(query);
  const branch = { visible, ...(path === undefined ? {} : { path }) };
  const { items, next } = await treeViews.listImages(branch, page);
  await answerSlice(context, 'repositories', { items, last: next, n: page.limit });
}

async function measure(
  context: Context,
  { treeViews, gatekeeper }: TreeDependencies,
): Promise<void> {
  const visible = await readVisible(context, gatekeeper);
  const path = readPath(new URLSearchParams(context.querystring), 'tree');
  if (path === undefined) throw refuse('tree must name a part of the tree');
  const headers = { 'Cache-Control': 'no-store' };
  await writeAnswer(context, jsonAnswer(await treeViews.measure(path, visible), headers));
}
