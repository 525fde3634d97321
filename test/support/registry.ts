/** Whole registries inside the test's own process, answering over real HTTP. */
import { type Auth, openAuth } from '../../src/auth/auth.ts';
import { generatePrivateKey } from '../../src/auth/identity.ts';
import { hashPassword } from '../../src/auth/passwords.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { Coherence } from '../../src/coherence.ts';
import { createApp } from '../../src/http/app.ts';
import { Gatekeeper } from '../../src/http/authenticate.ts';
import type { Changes } from '../../src/http/authorize.ts';
import { ExternalUrl } from '../../src/http/external-url.ts';
import { RunningServer } from '../../src/http/server.ts';
import { tokenRoutes } from '../../src/http/token.ts';
import { createLog, type LogLevel } from '../../src/log.ts';
import { type PathPattern, parsePathPattern } from '../../src/oci/path-pattern.ts';
import { systemRandomness } from '../../src/randomness.ts';
import { Turns } from '../../src/registry/fill/turns.ts';
import { Fill } from '../../src/registry/fill.ts';
import { openRegistry } from '../../src/registry/registry.ts';
import type { UploadLimits } from '../../src/registry/upload-sessions.ts';
import type { Grant } from '../../src/storage/accounts.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import { MemoryAccounts } from '../../src/storage/memory/accounts.ts';
import { MemoryBlobStore } from '../../src/storage/memory/blob-store.ts';
import { MemoryCatalog } from '../../src/storage/memory/catalog.ts';
import { MemoryChangeLog } from '../../src/storage/memory/change-log.ts';
import { MemoryFacts } from '../../src/storage/memory/facts.ts';
import { MemoryIdentityStore } from '../../src/storage/memory/identity.ts';
import { MemoryLeases } from '../../src/storage/memory/leases.ts';
import { MemoryPolicies } from '../../src/storage/memory/lifecycle/policies.ts';
import { MemoryMetadata } from '../../src/storage/memory/metadata.ts';
import { MemoryRefreshTokens } from '../../src/storage/memory/refresh-tokens.ts';
import { MemorySites } from '../../src/storage/memory/sites.ts';
import { MemoryUploadTracker } from '../../src/storage/memory/upload-tracker.ts';
import { MemoryVirtualCache } from '../../src/storage/memory/virtual/cache.ts';
import { MemoryVirtualCounts } from '../../src/storage/memory/virtual/counts.ts';
import { MemoryVirtualRegistries } from '../../src/storage/memory/virtual/registries.ts';
import { MemoryRemotes } from '../../src/storage/memory/virtual/remotes.ts';
import type { Virtual } from '../../src/virtual/service.ts';
import { openVirtual, type VirtualDependencies } from '../../src/virtual/virtual.ts';

export interface StartOptions {
  readonly clock?: Clock;
  readonly blobStore?: BlobStore;
  readonly anonymousPull?: readonly string[];
  readonly uploadLimits?: UploadLimits;
  readonly mayRedirect?: (clientAddress: string) => boolean;
  readonly publicUrl?: string;
  readonly trustedProxies?: readonly string[];
  readonly port?: number;
  readonly logLevel?: LogLevel;
  readonly changes?: Changes;
  /** Accounts besides the administrator: name → grants; each has the administrator's password. */
  readonly accounts?: Readonly<Record<string, readonly Grant[]>>;
}

export interface TestRegistry {
  readonly url: string;
  readonly port: number;
  /** Of an account that may do everything. */
  readonly user: string;
  readonly password: string;
  readonly facts: MemoryFacts;
  readonly blobStore: BlobStore;
  readonly uploadTracker: MemoryUploadTracker;
  /** A further account with these grants and the administrator's password. */
  addAccount(name: string, grants: readonly Grant[]): Promise<void>;
  close(): Promise<void>;
}

const USER = 'admin';
const PASSWORD = 'correct-horse-battery';
const CLUSTER = 'meridian';
const CLOSE_MS = 2000;

/** A registry on memory makers, on a port that the kernel chooses. */
export async function startRegistry(options: StartOptions = {}): Promise<TestRegistry> {
  const clock = options.clock ?? systemClock;
  const randomness = systemRandomness;
  const log = createLog(options.logLevel ?? 'silent');
  const facts = new MemoryFacts({ clock });
  const coherence = new Coherence(new MemoryChangeLog(facts));
  const blobStore = options.blobStore ?? new MemoryBlobStore({ clock });
  const uploadTracker = new MemoryUploadTracker();
  const accounts = new MemoryAccounts(facts);
  const addAccount = await prepareAccounts(accounts, clock);
  const all = { [USER]: [{ pattern: pattern('**'), actions: ['admin'] }], ...options.accounts };
  for (const [name, grants] of Object.entries(all)) await addAccount(name, grants as Grant[]);
  const auth = openTestAuth({ options, facts, accounts, coherence, clock });
  const registry = await openRegistry({
    metadata: new MemoryMetadata(facts),
    catalog: new MemoryCatalog(facts),
    blobStore,
    uploadTracker,
    policies: new MemoryPolicies(facts),
    identityStore: new MemoryIdentityStore(),
    coherence,
    clock,
    randomness,
    cluster: CLUSTER,
    uploadLimits: options.uploadLimits,
  });
  const externalUrl = new ExternalUrl({
    publicUrl: options.publicUrl,
    trustedProxies: options.trustedProxies ?? [],
  });
  const gatekeeper = new Gatekeeper({ ...auth, externalUrl, service: CLUSTER });
  const app = createApp({
    services: {
      ...registry,
      ...auth,
      virtual: openTestVirtual({ registry, facts, blobStore, coherence, clock, log }),
      mayRedirect: options.mayRedirect ?? (() => false),
    },
    gatekeeper,
    log,
    clock,
    changes: options.changes,
    accessLog: options.logLevel === undefined ? 'off' : 'all',
    doors: [tokenRoutes({ ...auth, gatekeeper })],
  });
  const listen = { host: '127.0.0.1', port: options.port ?? 0, clock };
  const server = await RunningServer.listen(app.callback(), listen);
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    user: USER,
    password: PASSWORD,
    facts,
    blobStore,
    uploadTracker,
    addAccount,
    close: async () => void (await server.drain(CLOSE_MS)),
  };
}

type VirtualParts = Pick<
  VirtualDependencies,
  'registry' | 'blobStore' | 'coherence' | 'clock' | 'log'
> & { readonly facts: MemoryFacts };

/** Virtual registries, of which there are none. */
function openTestVirtual({ facts, ...parts }: VirtualParts): Virtual {
  const common = { ...parts, leases: new MemoryLeases(parts), randomness: systemRandomness };
  return openVirtual({
    ...common,
    virtualRegistries: new MemoryVirtualRegistries(facts),
    virtualCache: new MemoryVirtualCache(facts),
    virtualCounts: new MemoryVirtualCounts(facts),
    remotes: new MemoryRemotes(),
    fill: new Fill({ ...common, turns: new Turns(common) }),
  });
}

interface AuthParts {
  readonly options: StartOptions;
  readonly facts: MemoryFacts;
  readonly accounts: MemoryAccounts;
  readonly coherence: Coherence;
  readonly clock: Clock;
}

function openTestAuth({ options, facts, ...parts }: AuthParts): Auth {
  return openAuth({
    identity: { cluster: CLUSTER, site: 'test', privateKey: generatePrivateKey() },
    refreshTokens: new MemoryRefreshTokens(),
    catalog: new MemoryCatalog(facts),
    sites: new MemorySites(facts),
    ...parts,
    randomness: systemRandomness,
    settings: {
      anonymousPull: (options.anonymousPull ?? []).map(pattern),
      tokenTtlSeconds: 300,
    },
  });
}

/** Gives what records an account; the one password of all is hashed once. */
async function prepareAccounts(accounts: MemoryAccounts, clock: Clock) {
  const passwordHash = await hashPassword(PASSWORD);
  return async (name: string, grants: readonly Grant[]): Promise<void> =>
    void (await accounts.recordAccount({
      name,
      kind: 'person',
      passwordHash,
      isDisabled: false,
      tokensValidAfter: new Date(clock.now().getTime() - 1000),
      grants,
    }));
}

function pattern(text: string): PathPattern {
  const parsed = parsePathPattern(text);
  if (!parsed) throw new Error(`${text} is no pattern`);
  return parsed;
}
