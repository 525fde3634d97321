/** Protections, retentions and quotas, under `/api/v1`. Each is known by its path and its name. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import type { ZodType } from 'zod';
import { RegistryError } from '../../../oci/error.ts';
import {
  type Policy,
  type PolicyKey,
  type PolicyKind,
  parseTreePath,
  patternOf,
  type TreePath,
} from '../../../oci/lifecycle/policy.ts';
import type { PolicyBook } from '../../../registry/lifecycle/policy-book.ts';
import { emptyAnswer, jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { cutPage, printNextLink, readLast, readPageSize } from '../../pagination.ts';
import { readJson } from '../../read-body.ts';
import { requireAdministrator, requireAllowed } from '../rights.ts';
import { protectionShape, quotaShape, retentionShape } from './shapes.ts';

export interface PolicyDependencies {
  readonly policyBook: PolicyBook;
  readonly gatekeeper: Gatekeeper;
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/;
/** Of a page: path and name, as {@link printLast} writes them. */
const LAST = /^[a-z0-9._/-]*:[a-z0-9._-]*$/;
const FRESH = { 'Cache-Control': 'no-store' };

/** What a body that is right says, as a policy says it. */
type Rule = Readonly<Record<string, unknown>>;

interface Sort {
  readonly kind: PolicyKind;
  /** Of the list in an answer. */
  readonly plural: string;
  read(context: Context): Promise<Rule>;
}

export function policyRoutes(dependencies: PolicyDependencies): Router {
  const router = new Router({ prefix: '/api/v1' });
  const protections = sortOf('protection', protectionShape, (body) => ({
    tags: body.tags,
    isImmutable: body.immutable ?? false,
    accounts: body.accounts ?? [],
    groups: body.groups ?? [],
  }));
  for (const sort of [protections, sortOf('retention', retentionShape, (body) => body)]) {
    router.get(`/${sort.plural}`, (context) => list(context, sort, dependencies));
    router.put(`/${sort.plural}/:name`, (context) => put(context, sort, dependencies));
    router.delete(`/${sort.plural}/:name`, (context) => remove(context, sort, dependencies));
  }
  const quotas = sortOf('quota', quotaShape, (body) => body);
  router.get('/quotas', (context) => list(context, quotas, dependencies));
  router.put('/quotas', (context) => put(context, quotas, dependencies));
  router.delete('/quotas', (context) => remove(context, quotas, dependencies));
  return router;
}

function sortOf<Body>(kind: PolicyKind, shape: ZodType<Body>, toRule: (body: Body) => Rule): Sort {
  const read = async (context: Context) => toRule(await readJson(context, shape));
  return { kind, plural: `${kind}s`, read };
}

/** Whoever administers all that lies at or below the path, or the registry where none is named. */
async function list(
  context: Context,
  { kind, plural }: Sort,
  { policyBook, gatekeeper }: PolicyDependencies,
): Promise<void> {
  const query = new URLSearchParams(context.querystring);
  const path = query.has('path') ? readPath(query) : undefined;
  await requireKeeper(context, gatekeeper, path ?? ('' as TreePath));
  const n = readPageSize(query);
  const last = readLast(query, (text) => (LAST.test(text) ? text : undefined));
  const found = await policyBook.list({
    kind,
    limit: n + 1,
    ...(path === undefined ? {} : { path }),
    ...(last === undefined ? {} : { after: keyBehind(kind, last) }),
  });
  const { page, more } = cutPage(found, n);
  const items = await Promise.all(page.map((policy) => describe(policy, policyBook)));
  const end = more ? page.at(-1) : undefined;
  const link = end && printNextLink({ path: context.path, query, last: printLast(end), n });
  const headers = { ...FRESH, ...(link ? { Link: link } : {}) };
  await writeAnswer(context, jsonAnswer({ [plural]: items }, headers));
}

/** Creates it (201) or replaces it whole (200). */
async function put(
  context: Context,
  sort: Sort,
  { policyBook, gatekeeper }: PolicyDependencies,
): Promise<void> {
  const key = await readKey(context, sort.kind, gatekeeper);
  const policy = { ...key, ...(await sort.read(context)) } as Policy;
  const { isNew } = await policyBook.put(policy);
  const answer = jsonAnswer(await describe(policy, policyBook));
  await writeAnswer(context, { ...answer, status: isNew ? 201 : 200 });
}

async function remove(
  context: Context,
  { kind }: Sort,
  { policyBook, gatekeeper }: PolicyDependencies,
): Promise<void> {
  await policyBook.remove(await readKey(context, kind, gatekeeper));
  await writeAnswer(context, emptyAnswer(204));
}

/** Whoever has a quota does not set it: that is for administrators of the registry. */
async function readKey(
  context: Context,
  kind: PolicyKind,
  gatekeeper: Gatekeeper,
): Promise<PolicyKey> {
  const path = readPath(new URLSearchParams(context.querystring));
  if (kind === 'quota') {
    await requireAdministrator(context, gatekeeper);
    return { kind, path, name: '' };
  }
  await requireKeeper(context, gatekeeper, path);
  const name = String(context['params'].name);
  if (NAME.test(name)) return { kind, path, name };
  throw new RegistryError('NAME_INVALID', {
    message: 'a name has lower case letters, digits, dots, dashes and underscores, at most 63',
  });
}

async function requireKeeper(
  context: Context,
  gatekeeper: Gatekeeper,
  path: TreePath,
): Promise<void> {
  const pattern = patternOf(path);
  await requireAllowed(
    context,
    gatekeeper,
    (caller) => caller.isAdministrator || caller.administersAll(pattern),
  );
}

/** @throws RegistryError NAME_INVALID; `path=` stands for the whole registry */
function readPath(query: URLSearchParams): TreePath {
  const text = query.get('path');
  const path = text === null ? undefined : parseTreePath(text);
  if (path !== undefined) return path;
  throw new RegistryError('NAME_INVALID', { message: 'path must name a part of the tree' });
}

/** As people and programs are told of it. */
async function describe(policy: Policy, policyBook: PolicyBook): Promise<object> {
  const { kind: _, name, ...rest } = policy;
  if (policy.kind === 'quota') {
    return { ...rest, usedBytes: await policyBook.readUsage(policy.path) };
  }
  if (policy.kind === 'retention') return { name, ...rest };
  const { path, tags, isImmutable, accounts, groups } = policy;
  return isImmutable
    ? { name, path, tags, immutable: true }
    : { name, path, tags, immutable: false, accounts, groups };
}

function printLast({ path, name }: PolicyKey): string {
  return `${path}:${name}`;
}

/** The inverse of {@link printLast}; it need not exist. */
function keyBehind(kind: PolicyKind, last: string): PolicyKey {
  const [path = '', name = ''] = last.split(':');
  return { kind, path: path as TreePath, name };
}
