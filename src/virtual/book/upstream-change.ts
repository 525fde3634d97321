/** What an upstream becomes by a change, and what people see of it. */

import type { RepositoryName } from '../../oci/reference.ts';
import { isVirtualName } from '../../oci/virtual-name.ts';
import type {
  UpstreamCredentials,
  UpstreamOrigin,
  VirtualUpstream,
} from '../../oci/virtual-registry.ts';
import type { Randomness } from '../../randomness.ts';
import type { UpstreamSecrets } from '../secrets/upstream-secrets.ts';
import { refusal } from './refusal.ts';

type RemoteOrigin = Extract<UpstreamOrigin, { kind: 'remote' }>;
type LocalOrigin = Extract<UpstreamOrigin, { kind: 'local' }>;

/** What is to be other than it was; what is absent stays, `null` takes away. */
export type UpstreamChange = Partial<Omit<VirtualUpstream, 'name' | 'origin' | 'namespace'>> &
  Partial<Omit<RemoteOrigin, 'kind' | 'credentials' | 'ca' | 'copyTo'>> &
  Partial<Omit<LocalOrigin, 'kind'>> & {
    readonly namespace?: string | null;
    readonly ca?: string | null;
    readonly copyTo?: RepositoryName | null;
    /** Both or neither, of this and the password. */
    readonly username?: string | null;
    readonly password?: string | null;
  };

/** How passwords are kept: nobody reads one again but what shows it to the upstream. */
export interface Sealing {
  readonly secrets: Pick<UpstreamSecrets, 'seal'>;
  readonly randomness: Pick<Randomness, 'uuid'>;
}

/** Of one upstream. */
interface OwnSealing extends Sealing {
  readonly name: string;
}

const DEFAULTS: Omit<VirtualUpstream, 'name' | 'origin'> = {
  description: '',
  validityHours: 24,
  negativeTtlSeconds: 30,
  allow: [],
  deny: [],
  exclusive: [],
  whenGone: 'forget',
  viaPrimary: 'when-limited',
};

const REMOTE_DEFAULTS = { realmHosts: [], maxConcurrency: 16, timeoutMs: 20_000 } as const;
const REMOTE_FIELDS = [...Object.keys(REMOTE_DEFAULTS), 'rewritesLibrary'];

/** Where images of one level lie below `library/`. */
const DOCKER_HUB = ['registry-1.docker.io', 'index.docker.io', 'docker.io'];

/** @throws RegistryError UNSUPPORTED (400) for what cannot be */
export function applyChange(
  name: string,
  { known, change }: { known: VirtualUpstream | undefined; change: UpstreamChange },
  sealing: Sealing,
): VirtualUpstream {
  const { origin: before, namespace: named, ...settled } = { ...DEFAULTS, ...known };
  const namespace = change.namespace === undefined ? named : change.namespace;
  return {
    ...settled,
    ...pick(change, Object.keys(DEFAULTS)),
    name,
    origin: originAfter(before, change, { ...sealing, name }),
    ...(typeof namespace === 'string' ? { namespace } : {}),
  };
}

function originAfter(
  before: UpstreamOrigin | undefined,
  change: UpstreamChange,
  sealing: OwnSealing,
): UpstreamOrigin {
  const { url, prefix } = change;
  if (url !== undefined && prefix !== undefined) {
    throw refusal('an upstream has a URL, or the prefix of repositories here, and not both');
  }
  if (prefix !== undefined) return localOrigin(prefix);
  if (url === undefined && before?.kind === 'local') return before;
  const remote = before?.kind === 'remote' ? before : undefined;
  const address = url ?? remote?.url;
  if (address === undefined) {
    throw refusal('an upstream needs a URL, or the prefix of repositories here');
  }
  return remoteOrigin(remote, { ...change, url: address }, sealing);
}

/** Else a registry could lead to itself. */
function localOrigin(prefix: LocalOrigin['prefix']): LocalOrigin {
  if (!isVirtualName(`${prefix}/`)) return { kind: 'local', prefix };
  throw refusal('a virtual registry is no upstream of another one');
}

function remoteOrigin(
  before: RemoteOrigin | undefined,
  change: UpstreamChange & { readonly url: string },
  sealing: OwnSealing,
): RemoteOrigin {
  const { url } = change;
  const {
    ca: caBefore,
    copyTo: copiedBefore,
    credentials: _,
    ...settled
  } = {
    ...REMOTE_DEFAULTS,
    rewritesLibrary: DOCKER_HUB.includes(new URL(url).hostname),
    ...before,
  };
  const credentials = credentialsAfter(before, change, sealing);
  const ca = change.ca === undefined ? caBefore : change.ca;
  const copyTo = change.copyTo === undefined ? copiedBefore : change.copyTo;
  if (copyTo && isVirtualName(copyTo)) throw refusal('images are copied to no virtual registry');
  return {
    ...settled,
    ...pick(change, REMOTE_FIELDS),
    kind: 'remote',
    url,
    ...(credentials ? { credentials } : {}),
    ...(typeof ca === 'string' ? { ca } : {}),
    ...(copyTo ? { copyTo } : {}),
  };
}

/** Those that were shown to one registry are never shown to another one by a change of its URL. */
function credentialsAfter(
  before: RemoteOrigin | undefined,
  { url, username, password }: UpstreamChange & { readonly url: string },
  { secrets, randomness, name }: OwnSealing,
): UpstreamCredentials | undefined {
  if (typeof username === 'string' && typeof password === 'string') {
    const sealedPassword = secrets.seal(password, { name, url });
    return { username, sealedPassword, version: randomness.uuid() };
  }
  if (username === null && password === null) return undefined;
  if (username !== undefined || password !== undefined) {
    throw refusal('give the user name and the password, or neither');
  }
  const known = before?.credentials;
  if (known && new URL(before.url).origin !== new URL(url).origin) {
    throw refusal('give the credentials again, or null for none: the URL is of another registry');
  }
  return known;
}

/** The members of a change by those names that it has. */
function pick(change: UpstreamChange, names: readonly string[]): Readonly<Record<string, unknown>> {
  const given = Object.entries(change).filter(([key, value]) => {
    return names.includes(key) && value !== undefined;
  });
  return Object.fromEntries(given);
}

/** An upstream as people may see it: never its password. */
export function showUpstream({ origin, ...upstream }: VirtualUpstream) {
  if (origin.kind === 'local') return { ...upstream, ...origin };
  const { credentials, ...rest } = origin;
  return { ...upstream, ...rest, ...(credentials ? { username: credentials.username } : {}) };
}
