/** Virtual registries, under `/api/v1/virtual_registries`. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import type { RegistryBook, RegistryChange } from '../../../virtual/book/registries.ts';
import type { UpstreamBook } from '../../../virtual/book/upstreams.ts';
import type { Virtual } from '../../../virtual/service.ts';
import { emptyAnswer, jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { readJson } from '../../read-body.ts';
import { requireAdministrator } from '../rights.ts';
import { answerPage, FRESH, nameOf } from './pages.ts';
import { registryShape } from './shapes.ts';

export interface VirtualApiDependencies {
  readonly registryBook: RegistryBook;
  readonly upstreamBook: UpstreamBook;
  readonly virtual: Pick<Virtual, 'readStatistics'>;
  readonly gatekeeper: Gatekeeper;
}

export function virtualRegistryRoutes(dependencies: VirtualApiDependencies): Router {
  const router = new Router({ prefix: '/api/v1/virtual_registries' });
  router.get('/', (context) => listRegistries(context, dependencies));
  router.get('/:name', (context) => getRegistry(context, dependencies));
  router.put('/:name', (context) => putRegistry(context, dependencies));
  router.delete('/:name', (context) => deleteRegistry(context, dependencies));
  router.post('/:name/purge', (context) => purgeRegistry(context, dependencies));
  router.get('/:name/statistics', (context) => getStatistics(context, dependencies));
  return router;
}

async function listRegistries(
  context: Context,
  { registryBook, gatekeeper }: VirtualApiDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  await answerPage(context, 'registries', (page) => registryBook.list(page));
}

async function getRegistry(
  context: Context,
  { registryBook, gatekeeper }: VirtualApiDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  await writeAnswer(context, jsonAnswer(await registryBook.get(nameOf(context)), FRESH));
}

/** Creates the registry (201) or changes what the body names of it (200). */
async function putRegistry(
  context: Context,
  { registryBook, gatekeeper }: VirtualApiDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const name = nameOf(context);
  const change = (await readJson(context, registryShape)) as RegistryChange;
  const isNew = await registryBook.put(name, change);
  const answer = jsonAnswer(await registryBook.get(name));
  await writeAnswer(context, { ...answer, status: isNew ? 201 : 200 });
}

async function deleteRegistry(
  context: Context,
  { registryBook, gatekeeper }: VirtualApiDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  await registryBook.remove(nameOf(context));
  await writeAnswer(context, emptyAnswer(204));
}

/** Says which upstreams were purged: those that no other registry lists. */
async function purgeRegistry(
  context: Context,
  { registryBook, gatekeeper }: VirtualApiDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const upstreams = await registryBook.purge(nameOf(context));
  await writeAnswer(context, jsonAnswer({ upstreams }));
}

/** Of the site that is asked: each has a cache of its own. */
async function getStatistics(
  context: Context,
  { registryBook, upstreamBook, virtual, gatekeeper }: VirtualApiDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const { name, upstreams } = await registryBook.get(nameOf(context));
  const counted = await virtual.readStatistics(name);
  const { hits, stale, misses, bytesToClients, bytesFromUpstreams } = counted;
  const answers = hits + stale + misses;
  const statistics = {
    ...counted,
    hitRatio: answers === 0 ? null : (hits + stale) / answers,
    bytesSaved: Math.max(0, bytesToClients - bytesFromUpstreams),
    ...(await upstreamBook.measure(upstreams)),
  };
  await writeAnswer(context, jsonAnswer(statistics, FRESH));
}
