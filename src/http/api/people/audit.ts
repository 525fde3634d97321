/** The log of administrative acts of this site, under `/api/v1/audit`. */
import { Router } from '@koa/router';
import type { Context } from 'koa';
import { RegistryError } from '../../../oci/error.ts';
import {
  AUDIT_OUTCOMES,
  type AuditLog,
  type AuditOutcome,
  type AuditPage,
} from '../../../storage/people/audit-log.ts';
import { jsonAnswer, writeAnswer } from '../../answer.ts';
import type { Gatekeeper } from '../../authenticate.ts';
import { cutPage, printNextLink, readLast, readPageSize } from '../../pagination.ts';
import { requireAdministrator } from '../rights.ts';

export interface AuditDependencies {
  readonly auditLog: Pick<AuditLog, 'list'>;
  readonly gatekeeper: Gatekeeper;
}

const PATH = '/api/v1/audit';

export const AUDIT_QUERY = {
  actor: 'Acts of this account alone.',
  method: 'POST, PUT, PATCH or DELETE.',
  path: 'Only paths that begin like this, such as /api/v1/accounts/.',
  outcome: `One of ${AUDIT_OUTCOMES.join(', ')}.`,
  since: 'Not before this time (RFC 3339).',
  until: 'Before this time.',
};

export function auditRoutes(dependencies: AuditDependencies): Router {
  const router = new Router();
  router.get(PATH, (context) => listActs(context, dependencies));
  return router;
}

async function listActs(
  context: Context,
  { auditLog, gatekeeper }: AuditDependencies,
): Promise<void> {
  await requireAdministrator(context, gatekeeper);
  const query = new URLSearchParams(context.querystring);
  const n = readPageSize(query);
  const last = readLast(query, (text) => (/^\d{1,15}$/.test(text) ? text : undefined));
  const before = last === undefined ? {} : { before: Number(last) };
  const found = await auditLog.list({ limit: n + 1, ...before, ...readFilters(query) });
  const { page, more } = cutPage(found, n);
  const end = more ? String(page.at(-1)?.id) : undefined;
  const link = end && printNextLink({ path: PATH, query, last: end, n });
  const headers = { 'Cache-Control': 'no-store', ...(link ? { Link: link } : {}) };
  await writeAnswer(context, jsonAnswer({ acts: page }, headers));
}

/** @throws RegistryError UNSUPPORTED (400) for an outcome or a time that is none */
function readFilters(query: URLSearchParams): Partial<AuditPage> {
  const [actor, method, path] = ['actor', 'method', 'path'].map((name) => query.get(name));
  const [since, until] = [readTime(query, 'since'), readTime(query, 'until')];
  const outcome = readOutcome(query);
  return {
    ...(actor ? { actor } : {}),
    ...(method ? { method: method.toUpperCase() } : {}),
    ...(path ? { path } : {}),
    ...(outcome ? { outcome } : {}),
    ...(since ? { since } : {}),
    ...(until ? { until } : {}),
  };
}

function readOutcome(query: URLSearchParams): AuditOutcome | undefined {
  const text = query.get('outcome');
  if (!text) return undefined;
  const outcome = AUDIT_OUTCOMES.find((one) => one === text);
  if (outcome) return outcome;
  throw refuse(`outcome is one of ${AUDIT_OUTCOMES.join(', ')}`);
}

function readTime(query: URLSearchParams, name: string): Date | undefined {
  const text = query.get(name);
  if (!text) return undefined;
  const time = new Date(text);
  if (!Number.isNaN(time.getTime())) return time;
  throw refuse(`${name} is a time such as 2026-11-21T12:00:00Z`);
}

function refuse(message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status: 400, message });
}
