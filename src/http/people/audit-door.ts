/**
 * The door at which administrative acts are written down: every write of the management API by
 * whoever showed a credential, the refused ones too.
 *
 * The entry is durable before the act begins: where the log cannot be written, nothing is done.
 */
import type { Context, Middleware } from 'koa';
import { outlineOf } from '../../auth/audit/outline.ts';
import { readBasic } from '../../auth/authenticator.ts';
import type { Caller } from '../../auth/caller.ts';
import { SiteCaller } from '../../auth/calls/site-calls.ts';
import type { Limit, Limiter } from '../../auth/limits/limiter.ts';
import { UnprovenActs } from '../../auth/limits/unproven-acts.ts';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { RegistryError } from '../../oci/error.ts';
import type { AuditLog, AuditOutcome } from '../../storage/people/audit-log.ts';
import type { Gatekeeper } from '../authenticate.ts';
import { bodyOf } from '../read-body.ts';
import { toAnswer } from '../write-errors.ts';
import { PROVIDER_CALLBACK, SESSION_PATH } from './session-door.ts';

interface Dependencies {
  readonly auditLog: Pick<AuditLog, 'begin' | 'settle'>;
  readonly gatekeeper: Gatekeeper;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** Where acts of strangers are counted; in this process unless given. */
  readonly openLimiter?: (limit: Limit) => Limiter;
}

/** What other registries and tools tell us by tokens of their own is no act of administration. */
const NO_ACTS = /^\/api\/v1\/(?:registry_events$|checksums(?:\/|$))/;

const LONGEST_TEXT = 500;

export function recordActs(dependencies: Dependencies): Middleware {
  const { auditLog, gatekeeper, clock } = dependencies;
  const unproven = new UnprovenActs(dependencies.openLimiter);
  return async (context, next) => {
    const actor = isAct(context) ? await findActor(context, dependencies) : undefined;
    if (actor === undefined) {
      await next();
      return;
    }
    const address = gatekeeper.clientAddress(context.req);
    if (actor === '') await unproven.count(address);
    const id = await auditLog.begin({
      at: clock.now(),
      actor,
      address,
      agent: context.get('User-Agent').slice(0, LONGEST_TEXT),
      method: context.method,
      path: context.path.slice(0, LONGEST_TEXT),
    });
    try {
      await next();
    } catch (error) {
      await settle(context, dependencies, { id, status: toAnswer(error).status });
      throw error;
    }
    const status = context.res.statusCode;
    await settle(context, dependencies, { id, status });
    if (actor === '' && status < 400) await unproven.forgive(address);
  };
}

/** An act that took place stays in the log as begun where its outcome cannot be written. */
async function settle(
  context: Context,
  { auditLog, log }: Dependencies,
  { id, status }: { readonly id: number; readonly status: number },
): Promise<void> {
  const caller = context.state['caller'] as Caller | undefined;
  const fields = fieldsOf(context);
  const settlement = {
    outcome: outcomeOf(status),
    status,
    ...(caller ? { actor: caller.account } : {}),
    ...(fields ? { fields } : {}),
  };
  await auditLog.settle(id, settlement).catch((error: unknown) => {
    log.error({ err: error, id }, 'the outcome of an act could not be written down');
  });
}

/**
 * Name of the account, '' for a credential that does not count; `undefined` for what is no act:
 * whoever shows nothing can do nothing, and other sites have no rights to administer.
 */
async function findActor(
  context: Context,
  { gatekeeper }: Dependencies,
): Promise<string | undefined> {
  const { req, method } = context;
  const path = routedPath(context);
  if (path === PROVIDER_CALLBACK || (path === SESSION_PATH && method === 'POST')) return '';
  try {
    const caller = await gatekeeper.authenticate(req, () => []);
    return caller instanceof SiteCaller || caller.account === '' ? undefined : caller.account;
  } catch (error) {
    // Whoever is locked out would fill the log with what is not even looked at.
    if (error instanceof RegistryError && error.status === 401) return '';
    return undefined;
  }
}

/**
 * What its body asks for, and its query under a name of its own, so that neither hides the other: a
 * policy is set for the path in the query. Of a credential that does not count, the name it claims.
 */
function fieldsOf(context: Context): Readonly<Record<string, unknown>> | undefined {
  const query = outlineOf(context.querystring === '' ? undefined : context.query);
  const told = outlineOf(bodyOf(context));
  const fields = query ? { ...told, query } : told;
  if (context.res.statusCode !== 401 && fields) return fields;
  const claimed = readBasic(context.headers.authorization ?? '')?.name;
  return claimed === undefined ? fields : { ...fields, claimed: claimed.slice(0, LONGEST_TEXT) };
}

function outcomeOf(status: number): AuditOutcome {
  if (status < 400) return 'done';
  return status < 500 ? 'refused' : 'failed';
}

/** Signing in by an identity provider may make an account, though it is no write of its form. */
function isAct(context: Context): boolean {
  const { method } = context;
  const path = routedPath(context);
  if (path === PROVIDER_CALLBACK) return true;
  if (method === 'GET' || method === 'HEAD' || !path.startsWith('/api/v1/')) return false;
  return !NO_ACTS.test(path);
}

/** Routers take a path in any case, and with a slash at its end: no spelling goes unseen. */
function routedPath({ path }: Context): string {
  return path.toLowerCase().replace(/\/$/, '');
}
