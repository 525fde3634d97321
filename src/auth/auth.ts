/** Puts the parts of this folder together, for those who only want to know who may. */
import type { Clock } from '../clock.ts';
import type { Coherence } from '../coherence.ts';
import type { PathPattern } from '../oci/path-pattern.ts';
import type { Randomness } from '../randomness.ts';
import type { Accounts } from '../storage/accounts.ts';
import type { Catalog } from '../storage/catalog.ts';
import type { Identity } from '../storage/identity.ts';
import type { RefreshTokens } from '../storage/refresh-tokens.ts';
import type { Sites } from '../storage/sites.ts';
import { Authenticator } from './authenticator.ts';
import { INTERNAL_TOKEN_SECONDS } from './calls/internal-calls.ts';
import { SessionCalls, sessionAudience } from './calls/session-calls.ts';
import { SiteCalls, siteAudience } from './calls/site-calls.ts';
import { Credentials } from './credentials.ts';
import { Issuer } from './issuer.ts';
import type { Limit, Limiter } from './limits/limiter.ts';
import { LockOut } from './lock-out.ts';
import { Departures } from './names/departures.ts';
import { Groups } from './people/groups.ts';
import { Principals } from './principals.ts';
import { Refresh } from './refresh.ts';
import { Roster } from './roster.ts';
import { Sessions } from './sessions/sessions.ts';
import { SiteKeys } from './site-keys.ts';
import { Tokens } from './tokens.ts';
import { UPLOAD_TOKEN_SECONDS, UploadTokens, uploadAudience } from './virtual/upload-tokens.ts';

export interface AuthSettings {
  /** What may be pulled without an account; empty for nothing. */
  readonly anonymousPull: readonly PathPattern[];
  /** How long a bearer token is good for; clients take less than 60 for 60 (T15). */
  readonly tokenTtlSeconds: number;
  /** How long a browser stays signed in; 12 hours unless given. */
  readonly sessionLifetimeMs?: number;
}

export interface AuthDependencies {
  readonly identity: Identity;
  readonly accounts: Accounts;
  readonly refreshTokens: RefreshTokens;
  readonly catalog: Pick<Catalog, 'findDeletion'>;
  readonly sites: Pick<Sites, 'listSites'>;
  readonly coherence: Coherence;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly settings: AuthSettings;
  /** Where failed log-ins are counted; in this process unless given. */
  readonly openLimiter?: (limit: Limit) => Limiter;
}

const SESSION_MS = 12 * 60 * 60 * 1000;

export interface Auth {
  /** Knows whoever shows a token, a password or a session. */
  readonly authenticator: Pick<Authenticator, 'authenticate' | 'admit'>;
  readonly sessions: Sessions;
  readonly issuer: Issuer;
  readonly roster: Roster;
  readonly groups: Groups;
  readonly siteKeys: SiteKeys;
  /** Authenticates other sites, and whoever the authenticator does. */
  readonly siteCalls: SiteCalls;
  /** For what is handed over to the caches of virtual registries. */
  readonly uploadTokens: UploadTokens;
}

export function openAuth(dependencies: AuthDependencies): Auth {
  const { identity, accounts, refreshTokens, settings, openLimiter } = dependencies;
  const { anonymousPull, tokenTtlSeconds: ttlSeconds } = settings;
  const service = identity.cluster;
  const siteKeys = new SiteKeys(dependencies);
  const principals = new Principals(dependencies);
  const lockOut = new LockOut({
    key: identity.privateKey,
    ...(openLimiter ? { openLimiter } : {}),
  });
  const credentials = new Credentials({ ...dependencies, principals, lockOut });
  const tokens = new Tokens({ ...dependencies, siteKeys, service, ttlSeconds });
  const refresh = new Refresh({ ...dependencies, refreshTokens, principals });
  const departures = new Departures({ ...dependencies, tokens });
  const named = { tokens: departures, credentials, principals };
  const plain = new Authenticator({ ...named, anonymousPull });
  const parts = { ...dependencies, siteKeys, principals, credentials };
  const { calls: authenticator, sessions } = openSessions(parts, plain);
  const siteTokens = new Tokens({
    ...dependencies,
    siteKeys,
    service: siteAudience(service),
    ttlSeconds: INTERNAL_TOKEN_SECONDS,
  });
  const forUploads = new Tokens({
    ...dependencies,
    siteKeys,
    service: uploadAudience(service),
    ttlSeconds: UPLOAD_TOKEN_SECONDS,
  });
  return {
    authenticator,
    sessions,
    uploadTokens: new UploadTokens({ tokens: forUploads, principals }),
    siteCalls: new SiteCalls({ ...dependencies, tokens: siteTokens, siteKeys, authenticator }),
    issuer: new Issuer({ tokens, credentials, refresh, service, anonymousPull }),
    roster: new Roster({ ...dependencies, accounts }),
    groups: new Groups(accounts),
    siteKeys,
  };
}

type Parts = AuthDependencies & {
  readonly siteKeys: SiteKeys;
  readonly principals: Principals;
  readonly credentials: Credentials;
};

/** @param authenticator knows everybody else */
function openSessions(parts: Parts, authenticator: Authenticator) {
  const service = sessionAudience(parts.identity.cluster);
  const tokens = new Tokens({ ...parts, service, ttlSeconds: INTERNAL_TOKEN_SECONDS });
  const calls = new SessionCalls({ ...parts, tokens, authenticator });
  const { sessionLifetimeMs: lifetimeMs = SESSION_MS } = parts.settings;
  const refresh = new Refresh({ ...parts, lifetimeMs });
  return { calls, sessions: new Sessions({ ...parts, refresh, calls, service }) };
}
