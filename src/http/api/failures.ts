/** `GET /api/v1/sites/<name>/failures`: which transfers failed last at a site, and why. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { parseDigest } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error.ts';
import type { Ledger, LedgerEntry } from '../../storage/geo/ledger.ts';
import { jsonAnswer, writeAnswer } from '../answer.ts';
import { cutPage, printNextLink, readLast, readPageSize } from '../pagination.ts';
import { requireAdministrator } from './rights.ts';
import { askPrimary, readSite, type StatusDependencies } from './status.ts';

export interface FailureDependencies extends StatusDependencies {
  readonly ledger: Pick<Ledger, 'listFailures'>;
}

export function failureRoutes(dependencies: FailureDependencies): Router {
  const router = new Router({ prefix: '/api/v1/sites/:name/failures' });
  router.get('/', (context) => listFailures(context, dependencies));
  return router;
}

/** Only the site itself knows: its ledger travels nowhere. */
async function listFailures(context: Context, dependencies: FailureDependencies): Promise<void> {
  const { clusterStatus, gatekeeper, passOn, ledger } = dependencies;
  await requireAdministrator(context, gatekeeper);
  const site = readSite(context);
  if (site !== clusterStatus.own) {
    if (passOn) return askPrimary(context, passOn);
    throw new RegistryError('NAME_UNKNOWN', {
      message: `this site is ${clusterStatus.own}: ask the site ${site} itself what fails there`,
    });
  }
  const query = new URLSearchParams(context.querystring);
  const n = readPageSize(query);
  const after = readLast(query, parseDigest);
  const found = await ledger.listFailures({ limit: n + 1, ...(after ? { after } : {}) });
  const { page, more } = cutPage(found, n);
  const last = more ? page.at(-1)?.digest : undefined;
  const link = last && printNextLink({ path: context.path, query, last, n });
  const failures = page.map(printFailure);
  return writeAnswer(context, jsonAnswer({ failures }, link ? { Link: link } : {}));
}

function printFailure(entry: LedgerEntry): Readonly<Record<string, unknown>> {
  const { digest, repository, sizeBytes, lane, attempts, reason, message, nextTryAt } = entry;
  return { digest, repository, sizeBytes, lane, attempts, reason, message, nextTryAt };
}
