/** What external registries told of their images: `/api/v1/external_images`. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import type { Clock } from '../../../clock.ts';
import { RegistryError } from '../../../oci/error.ts';
import { EXTERNAL_STATES, type ExternalImages } from '../../../storage/events/external-images.ts';
import { jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import type { PassOn } from '../../forward/pass-on.ts';
import { cutPage, readLast } from '../../pagination.ts';
import { readJson } from '../../read-body.ts';
import { requireAdministrator } from '../rights.ts';
import { askPrimary } from '../status.ts';
import { answerSlice, readLimit, refuse } from '../tree/pages.ts';

interface Dependencies {
  readonly externalImages: Pick<ExternalImages, 'list' | 'retry'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly gatekeeper: Gatekeeper;
  /** Asks the primary, where they are; absent at the primary itself. */
  readonly passOn?: PassOn | undefined;
}

const PATH = '/api/v1/external_images';

export const retryShape = z.strictObject({ id: z.int().min(1).optional() });

export function externalImageRoutes(dependencies: Dependencies): Router {
  const router = new Router();
  router.get(PATH, (context) => listImages(context, dependencies));
  router.post(`${PATH}/retry`, (context) => retry(context, dependencies));
  return router;
}

/** For administrators alone: names of other registries are not ours to show. */
async function listImages(context: Context, dependencies: Dependencies): Promise<void> {
  const { externalImages, gatekeeper, passOn } = dependencies;
  await requireAdministrator(context, gatekeeper);
  if (passOn) return askPrimary(context, passOn);
  const query = new URLSearchParams(context.querystring);
  const n = readLimit(query);
  const last = readLast(query, (text) => (/^[0-9]{1,15}$/.test(text) ? text : undefined));
  const state = EXTERNAL_STATES.find((one) => one === query.get('state'));
  if (query.get('state') && !state) throw refuse(`state is one of ${EXTERNAL_STATES.join(', ')}`);
  const found = await externalImages.list({
    limit: n + 1,
    ...(state ? { state } : {}),
    ...(last === undefined ? {} : { after: Number(last) }),
  });
  const { page, more } = cutPage(found, n);
  const end = more ? page.at(-1) : undefined;
  return answerSlice(context, 'images', { items: page, last: end && String(end.id), n });
}

/** 202: it is copied soon, and may fail again. @throws RegistryError MANIFEST_UNKNOWN */
async function retry(
  context: Context,
  { externalImages, clock, gatekeeper }: Dependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const { id } = await readJson(context, retryShape);
  const count = await externalImages.retry(clock.now(), id);
  if (id !== undefined && count === 0) {
    const message = `there is no image ${id} that was given up`;
    throw new RegistryError('MANIFEST_UNKNOWN', { message });
  }
  await writeAnswer(context, { ...jsonAnswer({ count }), status: 202 });
}
