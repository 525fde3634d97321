/**
 * The rules of a site over its ports: what its servers and its replication share in one process.
 */
import type { Replication } from '../replication/main.ts';
import { type Auth, openAuth } from './auth/auth.ts';
import { type Clock, systemClock as clock } from './clock.ts';
import { Coherence } from './coherence.ts';
import { VERSION } from './config/version.ts';
import type { Config } from './config.ts';
import { EventToken } from './events/event-token.ts';
import { Pulls, type TellPulls, tellHere } from './events/pulls.ts';
import { WebhookBook } from './events/webhook-book.ts';
import { type Geo, openGeo } from './geo/geo.ts';
import { Introduction } from './geo/introduction.ts';
import type { Log } from './log.ts';
import { type Randomness, systemRandomness as randomness } from './randomness.ts';
import { BlobLinks } from './registry/blob-links.ts';
import { GarbageCollection } from './registry/garbage/garbage.ts';
import { RetentionRuns } from './registry/lifecycle/retention-runs.ts';
import { openRegistry, type Registry } from './registry/registry.ts';
import { PullNotes } from './registry/tree/pull-notes.ts';
import type { Courier } from './storage/events/courier.ts';
import type { Identity } from './storage/identity.ts';
import type { Remotes } from './storage/virtual/remotes.ts';
import { RegistryBook } from './virtual/book/registries.ts';
import type { Sealing } from './virtual/book/upstream-change.ts';
import { UpstreamBook } from './virtual/book/upstreams.ts';
import { EventInbox } from './virtual/incoming/event-inbox.ts';
import { ImageCopies } from './virtual/incoming/image-copies.ts';
import { findSecretKey, UpstreamSecrets } from './virtual/secrets/upstream-secrets.ts';
import type { Virtual } from './virtual/service.ts';
import { openVirtual } from './virtual/virtual.ts';
import { openCourier, openPrimary, openRemotes, type Ports, type Primary } from './wire.ts';

export interface SiteOptions {
  readonly config: Config;
  readonly ports: Ports;
  readonly identity: Identity;
  readonly log: Log;
}

export interface Site extends SiteOptions {
  readonly coherence: Coherence;
  /** Of the cluster; absent at a secondary that was given none. */
  readonly secretKey: Buffer | undefined;
  readonly auth: Auth;
  readonly registry: Registry;
  readonly geo: Geo;
  readonly virtual: Virtual;
  /** What virtual registries read from. */
  readonly remotes: ReturnType<typeof openRemotes>;
  readonly courier: Courier;
  readonly webhookBook: WebhookBook;
  /** What is told of pulls. */
  readonly pulls: Pulls;
  readonly garbage: GarbageCollection;
  readonly retentionRuns: RetentionRuns;
  readonly pullNotes: PullNotes;
  readonly eventToken: EventToken;
  readonly eventInbox: EventInbox;
  readonly imageCopies: ImageCopies;
  readonly registryBook: RegistryBook;
  readonly upstreamBook: UpstreamBook;
  /** Absent where this site is the primary itself. */
  readonly primary?: Primary;
  /** Closes what was opened beside the ports. */
  close(): Promise<void>;
}

interface Ground {
  readonly clock: Clock;
  readonly randomness: Randomness;
}

export async function openSite(options: SiteOptions): Promise<Site> {
  const { config, ports, identity, log } = options;
  const coherence = new Coherence(ports.changeLog);
  const common = { ...ports, identity, version: VERSION, coherence, clock, randomness, log };
  const tokenTtlSeconds = Math.floor(config.tokenLifetimeMs / 1000);
  const { anonymousPull, sessionLifetimeMs } = config;
  const settings = { anonymousPull, tokenTtlSeconds, sessionLifetimeMs };
  const auth = openAuth({ ...common, settings });
  const authorize = () => auth.siteCalls.authorize();
  const introduction = new Introduction({ ...common, authorize });
  const primary = config.primaryUrl && (await openPrimary(config.primaryUrl, introduction.read));
  const beyond = primary ? { primary } : {};
  const geo = openGeo({ ...common, ...primary, sync: config.sync, freshnessSettings: config });
  const registry = await openRegistry({
    ...common,
    cluster: identity.cluster,
    uploadLimits: {
      perSubject: config.maxUploads,
      perRepository: config.maxUploads,
      lifetimeMs: config.uploadExpiryMs,
    },
    ...(geo.elsewhere ? { elsewhere: geo.elsewhere } : {}),
    ...(geo.demand ? { onRead: geo.demand.note } : {}),
  });
  const { secretKey, secrets } = await openSecrets(options);
  const remotes = openRemotes(config, (upstream) => secrets.open(upstream));
  const openRelay = primary ? { openRelay: primary.openRelay } : {};
  const virtual = openVirtual({ ...common, ...geo, ...openRelay, registry, remotes });
  const courier = await openCourier(config);
  const pulls = openPulls(options, primary || undefined);
  const onChange = () => pulls.flush();
  const webhookBook = new WebhookBook({ ...common, courier, onChange });
  const books = openBooks({ ...common, remotes, sealing: { secrets, randomness } }, config);
  const pullNotes = new PullNotes(common);
  const close = async () => {
    await pulls.close();
    await pullNotes.close();
    await virtual.close();
    await remotes.close();
    if (primary) await primary.close();
  };
  const rules = {
    coherence,
    secretKey,
    ...books,
    auth,
    registry,
    geo,
    virtual,
    remotes,
    courier,
    webhookBook,
    pulls,
    pullNotes,
    ...openIncoming({ ...common, registry, geo, remotes }, secretKey),
    retentionRuns: new RetentionRuns({ ...common, ...geo }),
  };
  return { ...options, ...rules, garbage: openGarbage(options), ...beyond, close };
}

/** Gathers pulls, and tells of them where the webhooks are: at the primary. */
function openPulls({ ports, config, log }: SiteOptions, primary: Primary | undefined): Pulls {
  const { site } = config;
  const tell: TellPulls = primary
    ? (told, signal) => primary.primarySite.tellPulls({ site, pulls: told }, signal)
    : tellHere(ports);
  const pulls = new Pulls({ tell, clock, randomness, log });
  pulls.start();
  return pulls;
}

/** What external registries tell, and how their images are copied here. */
function openIncoming(
  { registry, geo, ...common }: Ports & Ground & Pick<Site, 'registry' | 'geo' | 'remotes'>,
  secretKey: Buffer | undefined,
): Pick<Site, 'eventToken' | 'eventInbox' | 'imageCopies'> {
  const target = { ...common, ...registry, ...geo, blobLinks: new BlobLinks(common) };
  return {
    eventToken: new EventToken({ ...common, secretKey }),
    eventInbox: new EventInbox(common),
    imageCopies: new ImageCopies({ ...common, target }),
  };
}

/** The key of the cluster, and what reads the passwords that are kept under it. */
async function openSecrets({ config, ports }: SiteOptions) {
  const { secretKey: given, primaryUrl } = config;
  const secretKey = await findSecretKey({ ...ports, given, isPrimary: !primaryUrl, randomness });
  return { secretKey, secrets: new UpstreamSecrets(secretKey, randomness) };
}

function openBooks(
  dependencies: Ports & { readonly remotes: Remotes; readonly sealing: Sealing },
  { maxVirtualRegistries, maxUpstreams }: Config,
): Pick<Site, 'registryBook' | 'upstreamBook'> {
  const limits = { maxRegistries: maxVirtualRegistries, maxUpstreams };
  return {
    registryBook: new RegistryBook(dependencies, limits),
    upstreamBook: new UpstreamBook(dependencies),
  };
}

/** What the cache of an upstream names keeps its bytes, as a link does. */
function openGarbage({ config, ports }: SiteOptions): GarbageCollection {
  const options = { ...ports, roots: [ports.virtualCache], clock, randomness };
  const { garbageDelayMs: delayMs, garbageWindowMs: windowMs, garbageUntagged: untagged } = config;
  return new GarbageCollection(options, { delayMs, windowMs, untagged });
}

/**
 * Starts the replication of the site in this process. Loaded only here, the one door to that
 * program: a process that only answers never reads it.
 */
export async function replicate(site: Site): Promise<Replication> {
  const { startReplication } = await import('../replication/main.ts');
  return startReplication({ ...site, ...site.geo, ...site.config, clock, randomness });
}
