/** `POST /api/v1/virtual_registries/<name>/upload_tokens`: leave to hand over one object. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import type { Caller } from '../../../auth/caller.ts';
import { SiteCaller } from '../../../auth/calls/site-calls.ts';
import type { UploadTokens } from '../../../auth/virtual/upload-tokens.ts';
import { RegistryError } from '../../../oci/error.ts';
import { printReference } from '../../../oci/reference.ts';
import type { RegistryBook } from '../../../virtual/book/registries.ts';
import { jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { readJson } from '../../read-body.ts';
import { requireAdministrator } from '../rights.ts';
import { FRESH, nameOf } from './pages.ts';
import { uploadTokenShape } from './shapes.ts';

export interface UploadTokenDependencies {
  readonly uploadTokens: UploadTokens;
  readonly registryBook: Pick<RegistryBook, 'get'>;
  readonly gatekeeper: Gatekeeper;
}

export function uploadTokenRoutes(dependencies: UploadTokenDependencies): Router {
  const router = new Router({ prefix: '/api/v1/virtual_registries/:name/upload_tokens' });
  router.post('/', (context) => giveUploadToken(context, dependencies));
  return router;
}

/** Administrators fill a cache ahead of time, and sites each other's. */
async function giveUploadToken(
  context: Context,
  { uploadTokens, registryBook, gatekeeper }: UploadTokenDependencies,
): Promise<void> {
  const { account } = await requireTrusted(context, gatekeeper);
  const { upstream, image, kind, reference } = await readJson(context, uploadTokenShape);
  const { name: registry, upstreams } = await registryBook.get(nameOf(context));
  if (!upstreams.includes(upstream)) {
    throw new RegistryError('NAME_UNKNOWN', { message: `${upstream} is no upstream of it` });
  }
  const upload = { registry, upstream, image, kind, reference: printReference(reference) };
  const { token, expiresInSeconds } = await uploadTokens.issue(account, upload);
  const answer = jsonAnswer({ token, expiresInSeconds }, FRESH);
  await writeAnswer(context, { ...answer, status: 201 });
}

async function requireTrusted(context: Context, gatekeeper: Gatekeeper): Promise<Caller> {
  const caller = await gatekeeper.authenticate(context.req, () => []);
  return caller instanceof SiteCaller ? caller : requireAdministrator(context, gatekeeper);
}
