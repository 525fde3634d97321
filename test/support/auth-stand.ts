/** The doors of access alone, over real HTTP, with a clock that the test moves. */
import Koa from 'koa';
import { type Auth, openAuth } from '../../src/auth/auth.ts';
import { ensureAdministrator, generatePrivateKey } from '../../src/auth/identity.ts';
import { RequestLimits, type RequestRates } from '../../src/auth/limits/request-limits.ts';
import type { Keeper } from '../../src/auth/roster.ts';
import { publicJwkOf } from '../../src/auth/site-keys.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { Coherence } from '../../src/coherence.ts';
import { accessTokenRoutes } from '../../src/http/api/access-tokens.ts';
import { accountRoutes } from '../../src/http/api/accounts.ts';
import { groupRoutes } from '../../src/http/api/people/account-groups.ts';
import { auditRoutes } from '../../src/http/api/people/audit.ts';
import { rotationRoutes } from '../../src/http/api/people/rotation.ts';
import { sessionRoutes } from '../../src/http/api/people/session.ts';
import { Gatekeeper } from '../../src/http/authenticate.ts';
import { ExternalUrl } from '../../src/http/external-url.ts';
import { recordActs } from '../../src/http/people/audit-door.ts';
import { exchangeSessions } from '../../src/http/people/session-door.ts';
import { RunningServer } from '../../src/http/server.ts';
import { tokenRoutes } from '../../src/http/token.ts';
import { writeErrors } from '../../src/http/write-errors.ts';
import { createLog } from '../../src/log.ts';
import { systemRandomness as randomness } from '../../src/randomness.ts';
import type { Account, Accounts, Grant } from '../../src/storage/accounts.ts';
import { MemoryAccounts } from '../../src/storage/memory/accounts.ts';
import { MemoryCatalog } from '../../src/storage/memory/catalog.ts';
import { MemoryChangeLog } from '../../src/storage/memory/change-log.ts';
import { MemoryFacts } from '../../src/storage/memory/facts.ts';
import { MemoryAuditLog } from '../../src/storage/memory/people/audit-log.ts';
import { MemoryRefreshTokens } from '../../src/storage/memory/refresh-tokens.ts';
import { MemorySites } from '../../src/storage/memory/sites.ts';
import type { AuditLog } from '../../src/storage/people/audit-log.ts';
import type { Sites } from '../../src/storage/sites.ts';
import { patternOf } from './content.ts';

export const SERVICE = 'meridian';
export const ADMIN_PASSWORD = 'correct-horse-battery';

/** An administrator, who may change every account. */
export const KEEPER: Keeper = { account: 'admin', mayChange: () => true };

export class MovableClock implements Clock {
  #now = new Date('2026-11-21T12:00:00.500Z');

  now(): Date {
    return this.#now;
  }

  elapsedMs(): number {
    return this.#now.getTime();
  }

  pass(seconds: number): void {
    this.#now = new Date(this.#now.getTime() + seconds * 1000);
  }

  async sleep(): Promise<void> {}
}

export interface AuthStand extends Auth {
  readonly url: string;
  readonly clock: MovableClock;
  readonly accounts: Accounts;
  readonly sites: Sites;
  readonly refreshTokens: MemoryRefreshTokens;
  readonly auditLog: AuditLog;
  readonly privateKey: string;
  /** Records an account with the administrator's password. */
  addAccount(name: string, grants: readonly Grant[], change?: Partial<Account>): Promise<void>;
  close(): Promise<void>;
}

export function grant(pattern: string, ...actions: Grant['actions']): Grant {
  return { pattern: patternOf(pattern), actions };
}

export function basic(name: string, secret = ADMIN_PASSWORD): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}` };
}

interface StandOptions {
  readonly rates?: RequestRates;
}

export async function openAuthStand(
  anonymousPull: readonly string[] = [],
  { rates }: StandOptions = {},
): Promise<AuthStand> {
  const clock = new MovableClock();
  const facts = new MemoryFacts({ clock });
  const [accounts, sites] = [new MemoryAccounts(facts), new MemorySites(facts)];
  const refreshTokens = new MemoryRefreshTokens();
  const identity = { cluster: SERVICE, site: 'here', privateKey: generatePrivateKey() };
  await ensureAdministrator({ accounts, clock, randomness }, ADMIN_PASSWORD);
  const auth = openAuth({
    identity,
    accounts,
    refreshTokens,
    catalog: new MemoryCatalog(facts),
    sites,
    coherence: new Coherence(new MemoryChangeLog(facts)),
    clock,
    randomness,
    settings: { anonymousPull: anonymousPull.map(patternOf), tokenTtlSeconds: 300 },
  });
  const { passwordHash } = (await accounts.findAccount('admin'))!;
  const auditLog = new MemoryAuditLog();
  const server = await serve(auth, { auditLog, clock, rates });
  return {
    ...auth,
    url: `http://127.0.0.1:${server.port}`,
    clock,
    accounts,
    sites,
    refreshTokens,
    auditLog,
    privateKey: identity.privateKey,
    addAccount: async (name, grants, change = {}) =>
      void (await accounts.recordAccount({
        name,
        kind: 'person',
        passwordHash: passwordHash!,
        isDisabled: false,
        tokensValidAfter: clock.now(),
        grants,
        ...change,
      })),
    close: async () => void (await server.drain(1000)),
  };
}

interface Beside {
  readonly auditLog: AuditLog;
  readonly clock: Clock;
  readonly rates: RequestRates | undefined;
}

function serve(auth: Auth, { auditLog, clock, rates }: Beside): Promise<RunningServer> {
  const externalUrl = new ExternalUrl({ trustedProxies: [] });
  const requestLimits = rates && new RequestLimits({ rates, isExcepted: () => false });
  const gatekeeper = new Gatekeeper({ ...auth, externalUrl, service: SERVICE, requestLimits });
  const log = createLog('silent');
  const app = new Koa();
  app.use(writeErrors(log));
  app.use(exchangeSessions(auth.sessions));
  app.use(recordActs({ auditLog, gatekeeper, clock, log }));
  const people = [accountRoutes, accessTokenRoutes, rotationRoutes, sessionRoutes, groupRoutes];
  for (const routes of [tokenRoutes, ...people]) {
    app.use(routes({ ...auth, gatekeeper }).routes());
  }
  app.use(auditRoutes({ auditLog, gatekeeper }).routes());
  return RunningServer.listen(app.callback(), { host: '127.0.0.1', port: 0, clock: systemClock });
}

/** Another site of the cluster, with a key of its own. */
export function siteNamed(name: string, privateKey: string) {
  return { name, url: `http://${name}.example`, publicKey: { ...publicJwkOf(privateKey) } };
}
