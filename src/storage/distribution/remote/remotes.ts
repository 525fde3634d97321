/** `Remotes` over the OCI distribution API. */
import { lookup } from 'node:dns/promises';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../clock.ts';
import { AddressRule } from '../../../oci/network/addresses.ts';
import type { UpstreamOrigin, VirtualUpstream } from '../../../oci/virtual-registry.ts';
import { type Remote, RemoteFailure, type Remotes } from '../../virtual/remotes.ts';
import { Allowance } from './allowance.ts';
import { Caller } from './caller.ts';
import { Gate } from './gate.ts';
import { Guard, type LookUp } from './guard.ts';
import { RemoteLine } from './line.ts';
import { DistributionRemote } from './remote.ts';
import { Tokens } from './tokens.ts';

/** Upstreams whose connections and tokens are kept; far more than a site has. */
const MAX_REMOTES = 500;

/** Registries that answer anonymous questions for what they do not have with 401 or 403. */
const HIDING = ['registry-1.docker.io', 'index.docker.io', 'quay.io', 'ghcr.io'];

export interface RemotesOptions {
  readonly clock: Clock;
  /** Networks that are not public and may be reached all the same, also over http. */
  readonly networks: readonly string[];
  /** URLs of this site itself. */
  readonly ownUrls: readonly string[];
  readonly userAgent: string;
  /** The password of an upstream that has credentials. */
  readonly unseal: (upstream: VirtualUpstream) => Promise<string> | string;
  readonly lookUp?: LookUp;
  /** Hosts of registries that hide what they do not have. */
  readonly hidingHosts?: readonly string[];
}

interface Opened {
  readonly remote: Remote;
  readonly caller: Caller;
}

export class DistributionRemotes implements Remotes {
  readonly #options: RemotesOptions;
  readonly #guard: Guard;
  readonly #callers = new Set<Caller>();
  readonly #opened: LRUCache<string, Opened>;

  constructor(options: RemotesOptions) {
    this.#options = options;
    const { networks, ownUrls, lookUp = (host) => lookup(host, { all: true }) } = options;
    this.#guard = new Guard({ rule: new AddressRule(networks), ownUrls, lookUp });
    this.#opened = new LRUCache({
      max: MAX_REMOTES,
      dispose: ({ caller }) => {
        void caller.retire().then(() => this.#callers.delete(caller));
      },
    });
  }

  findFault(url: string): Promise<string | undefined> {
    return this.#guard.findFault(url);
  }

  /** Another origin, or other credentials, make another remote, which shares nothing (V21). */
  open(upstream: VirtualUpstream): Remote {
    const { name, origin } = upstream;
    if (origin.kind !== 'remote') throw new Error(`the upstream ${name} is no remote one`);
    const key = JSON.stringify([name, origin]);
    const known = this.#opened.get(key);
    if (known) return known.remote;
    const opened = this.#build(upstream, origin);
    this.#callers.add(opened.caller);
    this.#opened.set(key, opened);
    return opened.remote;
  }

  async #unseal(upstream: VirtualUpstream): Promise<string> {
    try {
      return await this.#options.unseal(upstream);
    } catch (cause) {
      const message = `the password of ${upstream.name} cannot be read at this site`;
      throw new RemoteFailure('refused', message, { cause });
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#callers].map((caller) => caller.close()));
  }

  #build(upstream: VirtualUpstream, origin: UpstreamOrigin & { kind: 'remote' }): Opened {
    const { clock, userAgent, hidingHosts = HIDING } = this.#options;
    const { credentials, realmHosts, timeoutMs, maxConcurrency, ca } = origin;
    const url = new URL(origin.url);
    const limits = { timeoutMs, connections: maxConcurrency };
    const caller = new Caller({ guard: this.#guard, home: url, userAgent, ca, ...limits });
    const allowance = new Allowance(clock, url.host);
    const gate = new Gate({ clock, host: url.host, places: maxConcurrency, waitMs: timeoutMs });
    const unseal = async (username: string) => ({
      username,
      password: await this.#unseal(upstream),
    });
    const asWhom = credentials ? { unseal: () => unseal(credentials.username) } : {};
    const tokens = new Tokens({ url, realmHosts, timeoutMs, caller, clock, allowance, ...asWhom });
    const hidesAbsence = hidingHosts.includes(url.hostname);
    const facts = { url, clock, timeoutMs, hidesAbsence };
    const line = new RemoteLine({ caller, tokens, gate, allowance }, facts);
    const { rewritesLibrary } = origin;
    return { caller, remote: new DistributionRemote({ line, rewritesLibrary }) };
  }
}
