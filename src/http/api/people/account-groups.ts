/**
 * Groups of accounts and their members, under `/api/v1/account_groups`. (`/api/v1/groups` lists the
 * first level of the names of repositories.)
 */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import type { Groups } from '../../../auth/people/groups.ts';
import { isAccountName } from '../../../auth/roster.ts';
import { RegistryError } from '../../../oci/error.ts';
import type { Account } from '../../../storage/accounts.ts';
import { emptyAnswer, jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { cutPage, printNextLink, readLast, readPageSize } from '../../pagination.ts';
import { readJson } from '../../read-body.ts';
import { grantShape } from '../accounts.ts';
import { requireAdministrator } from '../rights.ts';

export interface GroupDependencies {
  readonly groups: Groups;
  readonly gatekeeper: Gatekeeper;
}

export const groupShape = z.strictObject({
  grants: z.array(grantShape).max(1000).optional(),
  externalName: z
    .string()
    .min(1)
    .max(300)
    .nullable()
    .optional()
    .meta({ description: 'What an identity provider calls it, which then names its members.' }),
});

export function groupRoutes(dependencies: GroupDependencies): Router {
  const router = new Router({ prefix: '/api/v1/account_groups' });
  router.get('/', (context) => listGroups(context, dependencies));
  router.get('/:name', (context) => getGroup(context, dependencies));
  router.put('/:name', (context) => putGroup(context, dependencies));
  router.delete('/:name', (context) => deleteGroup(context, dependencies));
  router.get('/:name/members', (context) => listMembers(context, dependencies));
  router.put('/:name/members/:account', (context) => putMember(context, dependencies));
  router.delete('/:name/members/:account', (context) => deleteMember(context, dependencies));
  return router;
}

async function listGroups(context: Context, dependencies: GroupDependencies): Promise<void> {
  const { groups, gatekeeper } = dependencies;
  await requireAdministrator(context, gatekeeper);
  await answerPage(context, 'groups', async (page) => (await groups.list(page)).map(printGroup));
}

async function getGroup(context: Context, dependencies: GroupDependencies): Promise<void> {
  await requireAdministrator(context, dependencies.gatekeeper);
  const group = await dependencies.groups.get(nameOf(context));
  await writeAnswer(context, jsonAnswer(printGroup(group)));
}

/** Creates the group (201) or changes what the body names of it (200). */
async function putGroup(context: Context, dependencies: GroupDependencies): Promise<void> {
  const { groups, gatekeeper } = dependencies;
  const caller = await requireAdministrator(context, gatekeeper);
  const name = nameOf(context);
  const isNew = await groups.change(name, await readJson(context, groupShape), caller.account);
  const answer = jsonAnswer(printGroup(await groups.get(name)));
  await writeAnswer(context, { ...answer, status: isNew ? 201 : 200 });
}

async function deleteGroup(context: Context, dependencies: GroupDependencies): Promise<void> {
  const { account } = await requireAdministrator(context, dependencies.gatekeeper);
  await dependencies.groups.remove(nameOf(context), account);
  await writeAnswer(context, emptyAnswer(204));
}

async function listMembers(context: Context, dependencies: GroupDependencies): Promise<void> {
  await requireAdministrator(context, dependencies.gatekeeper);
  const name = nameOf(context);
  await answerPage(context, 'members', async (page) => {
    const members = await dependencies.groups.listMembers(name, page);
    return members.map((member) => ({ name: member.name, kind: member.kind }));
  });
}

async function putMember(context: Context, dependencies: GroupDependencies): Promise<void> {
  await requireAdministrator(context, dependencies.gatekeeper);
  await dependencies.groups.join(nameOf(context), nameOf(context, 'account'));
  await writeAnswer(context, emptyAnswer(204));
}

async function deleteMember(context: Context, dependencies: GroupDependencies): Promise<void> {
  const { account: actor } = await requireAdministrator(context, dependencies.gatekeeper);
  await dependencies.groups.leave(nameOf(context), nameOf(context, 'account'), actor);
  await writeAnswer(context, emptyAnswer(204));
}

interface Named {
  readonly name: string;
}

/** @param list gives what the page holds, by name */
async function answerPage(
  context: Context,
  key: string,
  list: (page: { after?: string; limit: number }) => Promise<readonly Named[]>,
): Promise<void> {
  const query = new URLSearchParams(context.querystring);
  const n = readPageSize(query);
  const after = readLast(query, (text) => (isAccountName(text) ? text : undefined));
  const found = await list({ limit: n + 1, ...(after ? { after } : {}) });
  const { page, more } = cutPage(found, n);
  const last = more ? page.at(-1)?.name : undefined;
  const link = last && printNextLink({ path: context.path, query, last, n });
  await writeAnswer(context, jsonAnswer({ [key]: page }, link ? { Link: link } : {}));
}

/** @throws RegistryError NAME_UNKNOWN for what can name neither an account nor a group */
function nameOf(context: Context, parameter = 'name'): string {
  const name = String(context['params']?.[parameter]);
  if (isAccountName(name)) return name;
  throw new RegistryError('NAME_UNKNOWN', { message: `${parameter} not known` });
}

function printGroup({ name, grants, externalName }: Account) {
  return { name, grants, ...(externalName === undefined ? {} : { externalName }) };
}
