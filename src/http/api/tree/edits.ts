/**
 * Changes of the tree of names: `/api/v1/tags/<name>:<tag>` (a name has no colon, so the two never
 * run together), `/api/v1/trees/<path>` and `PATCH /api/v1/repositories/<name>`.
 */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import type { Caller } from '../../../auth/caller.ts';
import type { Passage } from '../../../geo/passage.ts';
import { RegistryError } from '../../../oci/error.ts';
import { actorOf } from '../../../oci/events/actor.ts';
import { parseRepositoryName, parseTag, type RepositoryName } from '../../../oci/reference.ts';
import type { Tags } from '../../../registry/tags.ts';
import type { TreeEdits } from '../../../registry/tree/tree-edits.ts';
import type { Action } from '../../../storage/accounts.ts';
import { type Answer, emptyAnswer, jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { type Changes, refuseChange, repositoryScope } from '../../authorize.ts';
import { addPosition } from '../../forward/registry.ts';
import { readJson } from '../../read-body.ts';
import { requireAccount } from '../rights.ts';
import { imageShape, parseImage } from './image-names.ts';
import { refuse } from './pages.ts';

export interface EditDependencies {
  readonly treeEdits: TreeEdits;
  readonly tags: Tags;
  readonly passage: Pick<Passage, 'getPosition'>;
  readonly gatekeeper: Gatekeeper;
  /** What may be changed at all, whoever asks. */
  readonly changes: Changes;
}

const TAG = /^\/api\/v1\/tags\/(?<name>[^:]+):(?<tag>[^:/]+)$/;
const TREE = /^\/api\/v1\/trees\/(?<name>.+)$/;
const REPOSITORY = /^\/api\/v1\/repositories\/(?<name>.+)$/;

const nameShape = z
  .string()
  .refine((text) => parseRepositoryName(text) !== undefined, 'this names no repository');

export const copyShape = z.strictObject({
  from: imageShape.meta({ description: 'Such as acme/app:1.0, or with @ and a digest.' }),
  referrers: z
    .boolean()
    .optional()
    .meta({ description: 'With signatures and all that refers to it.' }),
});
export const renameShape = z.strictObject({ name: nameShape });
export const moveShape = z.strictObject({ path: nameShape });

export function editRoutes(dependencies: EditDependencies): Router {
  const router = new Router();
  router.delete(TAG, (context) => deleteTag(context, dependencies));
  router.put(TAG, (context) => copy(context, dependencies));
  router.delete(TREE, (context) => deleteTree(context, dependencies));
  router.patch(TREE, (context) => moveTree(context, dependencies));
  router.patch(REPOSITORY, (context) => rename(context, dependencies));
  return router;
}

async function deleteTag(context: Context, dependencies: EditDependencies): Promise<void> {
  const { tags, gatekeeper, changes } = dependencies;
  const { name, tag } = readTag(context);
  const caller = await authorize(context, gatekeeper, [['delete', name]]);
  refuseChange('delete', changes);
  await tags.delete(name, tag, actorFor(context, gatekeeper, caller));
  await answerWrite(context, emptyAnswer(204), dependencies);
}

/** Whoever may pull the image may push it elsewhere: this is a pull and a push (A12). */
async function copy(context: Context, dependencies: EditDependencies): Promise<void> {
  const { treeEdits, gatekeeper, changes } = dependencies;
  const { name: to, tag } = readTag(context);
  const { from: image, referrers = false } = await readJson(context, copyShape);
  const { name: from, reference } = parseImage(image)!;
  const caller = await authorize(context, gatekeeper, [
    ['pull', from],
    ['push', to],
  ]);
  refuseChange('push', changes);
  const { digest, manifests, blobs } = await treeEdits.copy({
    from,
    reference,
    to,
    tag,
    withReferrers: referrers,
    mayOverwrite: may(caller, 'overwrite', to),
    actor: actorFor(context, gatekeeper, caller),
  });
  const copied = { image: `${to}:${tag}`, digest, manifests, blobs };
  const headers = { 'Docker-Content-Digest': digest };
  await answerWrite(context, { ...jsonAnswer(copied, headers), status: 201 }, dependencies);
}

async function deleteTree(context: Context, dependencies: EditDependencies): Promise<void> {
  const { treeEdits, gatekeeper, changes } = dependencies;
  const path = readName(context, TREE);
  const caller = await requireAccount(context, gatekeeper);
  const isDryRun = readDryRun(context);
  refuseChange('delete', changes);
  const repositories = await treeEdits.delete({
    path,
    actor: actorFor(context, gatekeeper, caller),
    mayDelete: (repository) => may(caller, 'delete', repository),
    isDryRun,
  });
  const deleted = { path, repositories, isDryRun };
  await answerWrite(context, jsonAnswer(deleted), dependencies);
}

async function moveTree(context: Context, dependencies: EditDependencies): Promise<void> {
  const from = readName(context, TREE);
  const { path } = await readJson(context, moveShape);
  await move(context, dependencies, { from, to: parseRepositoryName(path)!, isAlone: false });
}

async function rename(context: Context, dependencies: EditDependencies): Promise<void> {
  const from = readName(context, REPOSITORY);
  const { name } = await readJson(context, renameShape);
  await move(context, dependencies, { from, to: parseRepositoryName(name)!, isAlone: true });
}

/** What is moved is pulled and deleted there, and pushed here. A dry run leases both names. */
async function move(
  context: Context,
  dependencies: EditDependencies,
  names: { readonly from: RepositoryName; readonly to: RepositoryName; readonly isAlone: boolean },
): Promise<void> {
  const { treeEdits, gatekeeper, changes } = dependencies;
  const caller = await requireAccount(context, gatekeeper);
  refuseChange('delete', changes);
  const wanted = {
    ...names,
    actor: actorFor(context, gatekeeper, caller),
    mayMove: ({ from, to }: { readonly from: RepositoryName; readonly to: RepositoryName }) =>
      may(caller, 'pull', from) && may(caller, 'delete', from) && may(caller, 'push', to),
  };
  const answer = readDryRun(context)
    ? { ...jsonAnswer(await treeEdits.plan(wanted)), status: 202 }
    : jsonAnswer({ names: await treeEdits.move(wanted) });
  await answerWrite(context, answer, dependencies);
}

type Right = readonly [action: Action & ('pull' | 'push' | 'delete'), repository: RepositoryName];

/**
 * The caller, who holds each of the rights.
 * @throws RegistryError UNAUTHORIZED where a better token could be had, DENIED where it could not
 */
async function authorize(
  context: Context,
  gatekeeper: Gatekeeper,
  rights: readonly Right[],
): Promise<Caller> {
  const scopes = rights.map(([action, repository]) => repositoryScope(repository, action));
  const caller = await gatekeeper.authenticate(context.req, () => scopes);
  if (caller.isAdministrator) return caller;
  const verdicts = rights.map(([action, repository]) => caller.judge(action, repository));
  if (verdicts.includes('denied')) throw new RegistryError('DENIED');
  if (verdicts.includes('ask')) throw gatekeeper.unauthorized(context.req, { scopes });
  return caller;
}

function may(caller: Caller, action: Action, repository: RepositoryName): boolean {
  return caller.isAdministrator || caller.judge(action, repository) === 'granted';
}

function actorFor({ req }: Context, gatekeeper: Gatekeeper, { account }: Caller) {
  return actorOf(account, gatekeeper.describe(req));
}

/** @throws RegistryError NAME_INVALID, UNSUPPORTED (400) */
function readTag({ path }: Context) {
  const { name: text = '', tag: word = '' } = TAG.exec(path)?.groups ?? {};
  const [name, tag] = [parseRepositoryName(text), parseTag(word)];
  if (!name) throw new RegistryError('NAME_INVALID');
  if (!tag) throw refuse('this names no tag');
  return { name, tag };
}

/** @throws RegistryError NAME_INVALID */
function readName({ path }: Context, pattern: RegExp): RepositoryName {
  const name = parseRepositoryName(pattern.exec(path)?.groups?.['name'] ?? '');
  if (name === undefined) throw new RegistryError('NAME_INVALID');
  return name;
}

/** @throws RegistryError UNSUPPORTED (400): what is not understood must not be done for real */
function readDryRun({ querystring }: Context): boolean {
  const text = new URLSearchParams(querystring).get('dry_run') ?? 'false';
  if (text === 'true' || text === 'false') return text === 'true';
  throw refuse('dry_run is true or false');
}

async function answerWrite(
  context: Context,
  answer: Answer,
  { passage }: EditDependencies,
): Promise<void> {
  await writeAnswer(context, await addPosition(context.req, answer, passage));
}
