/**
 * `POST /api/v1/checksums` and `POST /api/v1/checksums/facts`: the facts of the primary, summed up
 * and read in ranges of their keys, for sites that compare themselves with it.
 */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { SiteCaller } from '../../auth/calls/site-calls.ts';
import type { CutWanted, FactChecksums, RangesWanted } from '../../geo/checksums/checksums.ts';
import { EPOCH_HEADER, parseEpoch, type SiteRole } from '../../geo/role.ts';
import { RegistryError } from '../../oci/error.ts';
import { SNAPSHOT_PARTS } from '../../storage/geo/snapshot.ts';
import { jsonAnswer, writeAnswer } from '../answer.ts';
import type { Gatekeeper } from '../authenticate.ts';
import { readJson } from '../read-body.ts';

export interface ChecksumDependencies {
  readonly checksums: FactChecksums;
  readonly role: Pick<SiteRole, 'hear'>;
  readonly gatekeeper: Gatekeeper;
}

const key = z.array(z.string().max(512)).min(1).max(2);
const range = z.strictObject({ after: key.optional(), through: key.optional() });
const wanted = { part: z.enum(SNAPSHOT_PARTS), ranges: z.array(range).min(1).max(64) };

export const factsShape = z.strictObject(wanted);
export const cutShape = z.strictObject({
  ...wanted,
  rows: z.int().min(1).max(4096),
  hashing: z.string().max(64),
});

export function checksumRoutes(dependencies: ChecksumDependencies): Router {
  const { checksums } = dependencies;
  const router = new Router();
  router.post('/api/v1/checksums', async (context) => {
    await requireSite(context, dependencies);
    const body = (await readJson(context, cutShape)) as CutWanted;
    await send(context, await checksums.cut(body));
  });
  router.post('/api/v1/checksums/facts', async (context) => {
    await requireSite(context, dependencies);
    const body = (await readJson(context, factsShape)) as RangesWanted;
    await send(context, await checksums.read(body));
  });
  return router;
}

async function send(context: Context, answer: object): Promise<void> {
  await writeAnswer(context, jsonAnswer(answer, { 'Cache-Control': 'no-store' }));
}

async function requireSite(
  context: Context,
  { gatekeeper, role }: ChecksumDependencies,
): Promise<void> {
  const caller = await gatekeeper.authenticate(context.req, () => []);
  if (!(caller instanceof SiteCaller)) {
    throw new RegistryError('DENIED', { message: 'checksums are for the sites of the cluster' });
  }
  await role.hear(parseEpoch(context.get(EPOCH_HEADER)) ?? 0, caller.site);
}
