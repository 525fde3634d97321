/** Accounts and what they may, under `/api/v1/accounts`. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { isAccountName, type Roster } from '../../auth/roster.ts';
import { ACTIONS } from '../../oci/action.ts';
import { RegistryError } from '../../oci/error.ts';
import { type PathPattern, parsePathPattern } from '../../oci/path-pattern.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { ACCOUNT_KINDS, type Account } from '../../storage/accounts.ts';
import { emptyAnswer, jsonAnswer, writeAnswer } from '../answer.ts';
import type { Gatekeeper } from '../authenticate.ts';
import { cutPage, printNextLink, readLast, readPageSize } from '../pagination.ts';
import { readJson } from '../read-body.ts';
import { requireChanger, requireKeeper, requireLister } from './people/keepers.ts';

export interface AccountDependencies {
  readonly roster: Roster;
  readonly gatekeeper: Gatekeeper;
}

const PATH = '/api/v1/accounts';

export const actionsShape = z.array(z.enum(ACTIONS));

export const patternShape = z.string().transform((text, context): PathPattern => {
  const pattern = parsePathPattern(text);
  if (pattern !== undefined) return pattern;
  context.addIssue({ code: 'custom', message: 'this is no path pattern, such as "acme/**"' });
  return z.NEVER;
});

export const grantShape = z.strictObject({
  pattern: patternShape,
  actions: actionsShape.min(1),
});

export const expiryShape = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

/** A group, a project, or any other path of the tree. */
export const ownerShape = z
  .string()
  .refine((text) => parseRepositoryName(text) !== undefined, 'this is no path, such as "acme/app"');

export const accountShape = z.strictObject({
  kind: z.enum(['person', 'robot']).optional(),
  password: z.string().optional(),
  isDisabled: z.boolean().optional(),
  grants: z.array(grantShape).max(1000).optional(),
  expiresAt: expiryShape.nullable().optional().meta({ description: 'Disabled from then on.' }),
  owner: ownerShape
    .nullable()
    .optional()
    .meta({ description: 'Of a robot: the path whose administrators keep it.' }),
  subject: z
    .string()
    .min(1)
    .max(1000)
    .nullable()
    .optional()
    .meta({ description: 'Whom an identity provider knows: its address, a space, its word.' }),
});

export const passwordShape = z.strictObject({ password: z.string() });

export function accountRoutes(dependencies: AccountDependencies): Router {
  const router = new Router({ prefix: PATH });
  router.get('/', (context) => listAccounts(context, dependencies));
  router.get('/:name', (context) => getAccount(context, dependencies));
  router.put('/:name', (context) => putAccount(context, dependencies));
  router.delete('/:name', (context) => deleteAccount(context, dependencies));
  router.put('/:name/password', (context) => putPassword(context, dependencies));
  router.delete('/:name/tokens', (context) => endTokens(context, dependencies));
  return router;
}

async function listAccounts(context: Context, dependencies: AccountDependencies): Promise<void> {
  const query = new URLSearchParams(context.querystring);
  const owner = readOwner(query);
  await requireLister(context, dependencies, owner);
  const n = readPageSize(query);
  const after = readLast(query, (text) => (isAccountName(text) ? text : undefined));
  const kind = ACCOUNT_KINDS.find((one) => one === query.get('kind'));
  const found = await dependencies.roster.listAccounts({
    limit: n + 1,
    ...(after ? { after } : {}),
    ...(owner ? { owner } : {}),
    ...(kind && kind !== 'group' ? { kinds: [kind] } : {}),
  });
  const { page, more } = cutPage(found, n);
  const last = more ? page.at(-1)?.name : undefined;
  const link = last && printNextLink({ path: PATH, query, last, n });
  const list = { accounts: page.map(printAccount) };
  await writeAnswer(context, jsonAnswer(list, link ? { Link: link } : {}));
}

/** @throws RegistryError NAME_INVALID for what is no path */
function readOwner(query: URLSearchParams): string | undefined {
  const text = query.get('owner');
  if (text === null || parseRepositoryName(text)) return text ?? undefined;
  throw new RegistryError('NAME_INVALID', { message: 'owner is a path, such as acme/app' });
}

async function getAccount(context: Context, dependencies: AccountDependencies): Promise<void> {
  const name = readName(context);
  await requireKeeper(context, dependencies, { name, isForOneself: true });
  const account = await dependencies.roster.getAccount(name);
  await writeAnswer(context, jsonAnswer(printAccount(account)));
}

/** Creates the account (201) or changes what the body names of it (200). */
async function putAccount(context: Context, dependencies: AccountDependencies): Promise<void> {
  const name = readName(context);
  const { roster } = dependencies;
  const read = () => readJson(context, accountShape);
  const { keeper, change } = await requireChanger(context, dependencies, { name, read });
  const isNew = await roster.changeAccount(name, change, keeper);
  const answer = jsonAnswer(printAccount(await roster.getAccount(name)));
  await writeAnswer(context, { ...answer, status: isNew ? 201 : 200 });
}

async function deleteAccount(context: Context, dependencies: AccountDependencies): Promise<void> {
  const name = readName(context);
  const keeper = await requireKeeper(context, dependencies, { name, isForOneself: false });
  await dependencies.roster.deleteAccount(name, keeper);
  await writeAnswer(context, emptyAnswer(204));
}

/** A new password ends all tokens of the account. */
async function putPassword(context: Context, dependencies: AccountDependencies): Promise<void> {
  const name = readName(context);
  const keeper = await requireKeeper(context, dependencies, { name, isForOneself: true });
  const { password } = await readJson(context, passwordShape);
  await dependencies.roster.changePassword(name, password, keeper);
  await writeAnswer(context, emptyAnswer(204));
}

/** Ends all bearer and refresh tokens of the account, at every site. */
async function endTokens(context: Context, dependencies: AccountDependencies): Promise<void> {
  const name = readName(context);
  await requireKeeper(context, dependencies, { name, isForOneself: true });
  await dependencies.roster.endTokens(name);
  await writeAnswer(context, emptyAnswer(204));
}

/** @throws RegistryError NAME_UNKNOWN for what can name no account. */
export function readName(context: Context): string {
  const name: unknown = context['params']?.name;
  if (typeof name === 'string' && isAccountName(name)) return name;
  throw new RegistryError('NAME_UNKNOWN', { message: 'account not known' });
}

/** What may be seen of an account: never the hash of its password. */
export function printAccount(account: Account): Readonly<Record<string, unknown>> {
  const { passwordHash, tokensValidAfter, ...rest } = account;
  return {
    ...rest,
    hasPassword: passwordHash !== undefined,
    tokensValidAfter: tokensValidAfter.toISOString(),
  };
}
