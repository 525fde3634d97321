/** Repositories as a whole, under `/api/v1/repositories`. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import type { Passage } from '../../geo/passage.ts';
import { RegistryError } from '../../oci/error.ts';
import { actorOf } from '../../oci/events/actor.ts';
import { parseRepositoryName, type RepositoryName } from '../../oci/reference.ts';
import type { Repositories } from '../../registry/repositories.ts';
import { emptyAnswer, writeAnswer } from '../answer.ts';
import type { Gatekeeper } from '../authenticate.ts';
import { type Changes, refuseChange, repositoryScope } from '../authorize.ts';
import { addPosition } from '../forward/registry.ts';

export interface RepositoryDependencies {
  readonly repositories: Repositories;
  readonly passage: Pick<Passage, 'getPosition'>;
  readonly gatekeeper: Gatekeeper;
  /** What may be changed at all, whoever asks. */
  readonly changes: Changes;
}

/** Names have slashes, so the path is matched as a whole. */
const REPOSITORY = /^\/api\/v1\/repositories\/(?<name>.+)$/;

export function repositoryRoutes(dependencies: RepositoryDependencies): Router {
  const router = new Router();
  router.delete(REPOSITORY, (context) => deleteRepository(context, dependencies));
  return router;
}

/** Whoever may delete each thing in it, or administers the registry, may delete it whole. */
async function deleteRepository(
  context: Context,
  { repositories, passage, gatekeeper, changes }: RepositoryDependencies,
): Promise<void> {
  const repository = readRepository(context);
  const scopes = [repositoryScope(repository, 'delete')];
  const caller = await gatekeeper.authenticate(context.req, () => scopes);
  const verdict = caller.isAdministrator ? 'granted' : caller.judge('delete', repository);
  if (verdict === 'ask') throw gatekeeper.unauthorized(context.req, { scopes });
  if (verdict === 'denied') throw new RegistryError('DENIED');
  refuseChange('delete', changes);
  await repositories.delete(repository, actorOf(caller.account, gatekeeper.describe(context.req)));
  await writeAnswer(context, await addPosition(context.req, emptyAnswer(204), passage));
}

/** @throws RegistryError NAME_INVALID */
function readRepository({ path }: Context): RepositoryName {
  const repository = parseRepositoryName(REPOSITORY.exec(path)?.groups?.['name'] ?? '');
  if (repository === undefined) throw new RegistryError('NAME_INVALID');
  return repository;
}
