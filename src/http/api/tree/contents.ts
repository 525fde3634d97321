/** `GET /api/v1/repositories/<name>/manifests/<reference>`: what an image is made of. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { RegistryError } from '../../../oci/error.ts';
import { parseReference, parseRepositoryName } from '../../../oci/reference.ts';
import { readContents } from '../../../registry/tree/contents.ts';
import type { Metadata } from '../../../storage/metadata.ts';
import { jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { repositoryScope } from '../../authorize.ts';

/** Names have slashes, so the path is matched as a whole. */
const IMAGE = /^\/api\/v1\/repositories\/(?<name>.+)\/manifests\/(?<reference>[^/]+)$/;

interface Dependencies {
  readonly metadata: Pick<Metadata, 'findManifest' | 'findTag'>;
  readonly gatekeeper: Gatekeeper;
}

export function contentsRoutes(dependencies: Dependencies): Router {
  const router = new Router();
  router.get(IMAGE, (context) => getContents(context, dependencies));
  return router;
}

/** For whoever may pull the repository; each site answers from its own facts. */
async function getContents(
  context: Context,
  { metadata, gatekeeper }: Dependencies,
): Promise<void> {
  const { name = '', reference: text = '' } = IMAGE.exec(context.path)?.groups ?? {};
  const repository = parseRepositoryName(name);
  if (repository === undefined) throw new RegistryError('NAME_INVALID');
  const scopes = [repositoryScope(repository, 'pull')];
  const caller = await gatekeeper.authenticate(context.req, () => scopes);
  const verdict = caller.isAdministrator ? 'granted' : caller.judge('pull', repository);
  if (verdict === 'ask') throw gatekeeper.unauthorized(context.req, { scopes });
  if (verdict === 'denied') throw new RegistryError('DENIED');
  const reference = parseReference(text.replace(/%3a/i, ':'));
  if (reference === undefined) throw new RegistryError('MANIFEST_UNKNOWN');
  const contents = await readContents(metadata, repository, reference);
  await writeAnswer(context, jsonAnswer(contents, { 'Cache-Control': 'no-store' }));
}
