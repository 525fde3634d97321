/** Upstreams of virtual registries and what is cached of them: `/api/v1/virtual_upstreams`. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { RegistryError } from '../../../oci/error.ts';
import { parseReference, parseRepositoryName, printReference } from '../../../oci/reference.ts';
import type { CacheEntry } from '../../../storage/virtual/cache.ts';
import type { UpstreamChange } from '../../../virtual/book/upstream-change.ts';
import { emptyAnswer, jsonAnswer, writeAnswer } from '../../answer.ts';
import { cutPage, printNextLink, readLast, readPageSize } from '../../pagination.ts';
import { readJson } from '../../read-body.ts';
import { requireAdministrator } from '../rights.ts';
import { answerPage, FRESH, nameOf } from './pages.ts';
import type { VirtualApiDependencies } from './registries.ts';
import { purgeShape, upstreamShape } from './shapes.ts';

type Dependencies = Pick<VirtualApiDependencies, 'upstreamBook' | 'gatekeeper'>;

export function virtualUpstreamRoutes(dependencies: Dependencies): Router {
  const router = new Router({ prefix: '/api/v1/virtual_upstreams' });
  router.get('/', (context) => listUpstreams(context, dependencies));
  router.get('/:name', (context) => getUpstream(context, dependencies));
  router.put('/:name', (context) => putUpstream(context, dependencies));
  router.delete('/:name', (context) => deleteUpstream(context, dependencies));
  router.post('/:name/test', (context) => testUpstream(context, dependencies));
  router.post('/:name/purge', (context) => purgeUpstream(context, dependencies));
  router.get('/:name/entries', (context) => listEntries(context, dependencies));
  return router;
}

async function listUpstreams(
  context: Context,
  { upstreamBook, gatekeeper }: Dependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  await answerPage(context, 'upstreams', (page) => upstreamBook.list(page));
}

async function getUpstream(
  context: Context,
  { upstreamBook, gatekeeper }: Dependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  await writeAnswer(context, jsonAnswer(await upstreamBook.get(nameOf(context)), FRESH));
}

/** Creates the upstream (201) or changes what the body names of it (200). */
async function putUpstream(
  context: Context,
  { upstreamBook, gatekeeper }: Dependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const name = nameOf(context);
  const change = (await readJson(context, upstreamShape)) as UpstreamChange;
  const isNew = await upstreamBook.put(name, change);
  const answer = jsonAnswer(await upstreamBook.get(name));
  await writeAnswer(context, { ...answer, status: isNew ? 201 : 200 });
}

async function deleteUpstream(
  context: Context,
  { upstreamBook, gatekeeper }: Dependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  await upstreamBook.remove(nameOf(context));
  await writeAnswer(context, emptyAnswer(204));
}

/** By the site that is asked: an upstream may be reached from one site and not from another. */
async function testUpstream(
  context: Context,
  { upstreamBook, gatekeeper }: Dependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  await writeAnswer(context, jsonAnswer(await upstreamBook.test(nameOf(context)), FRESH));
}

async function purgeUpstream(
  context: Context,
  { upstreamBook, gatekeeper }: Dependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const { image, reference } = await readJson(context, purgeShape);
  const what = { ...(image ? { image } : {}), ...(reference ? { reference } : {}) };
  await upstreamBook.purge(nameOf(context), what);
  await writeAnswer(context, emptyAnswer(204));
}

/** What the site that is asked has cached. */
async function listEntries(
  context: Context,
  { upstreamBook, gatekeeper }: Dependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const query = new URLSearchParams(context.querystring);
  const n = readPageSize(query);
  const prefix = query.get('prefix') || undefined;
  if (prefix?.includes('\0')) throw new RegistryError('NAME_INVALID');
  const last = readLast(query, (text) => (readKey(text) ? text : undefined));
  const after = last === undefined ? undefined : readKey(last);
  const found = await upstreamBook.listEntries(nameOf(context), {
    limit: n + 1,
    ...(prefix === undefined ? {} : { prefix }),
    ...(after === undefined ? {} : { after }),
  });
  const { page, more } = cutPage(found, n);
  const next = more ? page.at(-1) : undefined;
  const link = next && printNextLink({ path: context.path, query, last: printKey(next), n });
  const headers = { ...FRESH, ...(link ? { Link: link } : {}) };
  await writeAnswer(context, jsonAnswer({ entries: page }, headers));
}

/** An entry as people write it: `library/alpine:latest`, `library/alpine@sha256:…`. */
function printKey({ image, tag, digest }: CacheEntry): string {
  return tag === undefined ? `${image}@${digest}` : `${image}:${tag}`;
}

/** The inverse of {@link printKey}. */
function readKey(text: string): { image: string; reference: string } | undefined {
  const end = text.search(/[@:]/);
  const image = parseRepositoryName(text.slice(0, end));
  const reference = parseReference(text.slice(end + 1));
  return image && reference && { image, reference: printReference(reference) };
}
