/** `PUT /api/v1/sites/<name>/report`: a site says how it is, and what is whole there. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { SiteCaller } from '../../auth/calls/site-calls.ts';
import { EPOCH_HEADER, parseEpoch, type SiteRole } from '../../geo/role.ts';
import type { ClusterSites } from '../../geo/sites.ts';
import type { ClusterStatus } from '../../geo/status/cluster.ts';
import { isDigest, parseDigest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error.ts';
import { parseRepositoryName, parseTag } from '../../oci/reference.ts';
import type { Arrivals } from '../../storage/geo/arrivals.ts';
import type { ImagePulls } from '../../storage/tree/pulls.ts';
import { emptyAnswer, writeAnswer } from '../answer.ts';
import type { Gatekeeper } from '../authenticate.ts';
import { readJson } from '../read-body.ts';
import { siteFiguresShape } from './site-figures.ts';
import { whereShape } from './sites.ts';
import { readSite } from './status.ts';

export interface ReportDependencies {
  readonly clusterStatus: Pick<ClusterStatus, 'record'>;
  readonly arrivals: Pick<Arrivals, 'record'>;
  readonly imagePulls: Pick<ImagePulls, 'record'>;
  readonly role: Pick<SiteRole, 'hear'>;
  readonly sites: Pick<ClusterSites, 'move'>;
  readonly gatekeeper: Gatekeeper;
}

const repositoryShape = z.string().transform((text, context) => {
  return parseRepositoryName(text) ?? refuse(context, 'this is no repository');
});
/** '' stands for the repository as a whole. */
const referenceShape = z.string().transform((text, context) => {
  if (text === '') return text;
  return parseDigest(text) ?? parseTag(text) ?? refuse(context, 'this is no tag and no digest');
});
const timeShape = z.iso.datetime().transform((text) => new Date(text));

export const reportShape = z.object({
  figures: siteFiguresShape,
  arrivals: z
    .array(
      z.object({
        repository: repositoryShape,
        digest: z.string().refine(isDigest),
        at: timeShape,
      }),
    )
    .max(1000),
  pulls: z
    .array(z.object({ repository: repositoryShape, reference: referenceShape, at: timeShape }))
    .max(1000)
    .optional(),
  where: whereShape.partial().optional(),
});

export function reportRoutes(dependencies: ReportDependencies): Router {
  const router = new Router({ prefix: '/api/v1/sites' });
  router.put('/:name/report', (context) => takeReport(context, dependencies));
  return router;
}

/** A site speaks of itself alone. */
async function takeReport(
  context: Context,
  { clusterStatus, arrivals, imagePulls, role, sites, gatekeeper }: ReportDependencies,
): Promise<void> {
  const caller = await gatekeeper.authenticate(context.req, () => []);
  const site = readSite(context);
  if (!(caller instanceof SiteCaller) || caller.site !== site) {
    throw new RegistryError('DENIED', { message: 'a site reports of itself alone' });
  }
  await role.hear(parseEpoch(context.get(EPOCH_HEADER)) ?? 0, site);
  const report = await readJson(context, reportShape);
  if (report.where) await sites.move(site, report.where);
  // Who waits for an image looks at both, and for each the disk is waited for.
  await Promise.all([
    arrivals.record(report.arrivals.map((arrival) => ({ site, ...arrival }))),
    clusterStatus.record(site, report.figures),
    report.pulls && imagePulls.record(report.pulls),
  ]);
  await writeAnswer(context, emptyAnswer(204));
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
