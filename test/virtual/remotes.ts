/** Remotes over HTTP for tests: what an operator would have set up for an upstream. */
import type { LookupAddress } from 'node:dns';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { UpstreamOrigin, VirtualUpstream } from '../../src/oci/virtual-registry.ts';
import { DistributionRemotes } from '../../src/storage/distribution/remote/remotes.ts';
import { RemoteFailure, type RemoteFault } from '../../src/storage/virtual/remotes.ts';

export type RemoteOrigin = Extract<UpstreamOrigin, { kind: 'remote' }>;

export const PASSWORD = 'opened';

/** An account that the tests' token service knows; its password is what unsealing gives. */
export const CREDENTIALS = { username: 'reader', sealedPassword: 'sealed', version: '1' };

export function upstreamAt(url: string, origin: Partial<RemoteOrigin> = {}): VirtualUpstream {
  return {
    name: 'upstream',
    description: '',
    origin: {
      kind: 'remote',
      url,
      realmHosts: [],
      rewritesLibrary: false,
      maxConcurrency: 4,
      timeoutMs: 2000,
      ...origin,
    },
    validityHours: 24,
    negativeTtlSeconds: 10,
    allow: [],
    deny: [],
    exclusive: [],
    whenGone: 'forget',
    viaPrimary: 'never',
  };
}

export interface RemotesChanges {
  readonly networks?: readonly string[];
  readonly ownUrls?: readonly string[];
  readonly hidingHosts?: readonly string[];
  readonly clock?: Clock;
  readonly unseal?: () => string;
  readonly lookUp?: (host: string) => Promise<readonly LookupAddress[]>;
}

/** Remotes that may reach this machine, unless told otherwise. */
export function openTestRemotes(changes: RemotesChanges = {}): DistributionRemotes {
  return new DistributionRemotes({
    clock: systemClock,
    networks: ['127.0.0.1'],
    ownUrls: [],
    userAgent: 'meridian/test',
    unseal: () => PASSWORD,
    ...changes,
  });
}

/** A clock that stands until it is moved. */
export class StandingClock implements Clock {
  #elapsedMs = 0;

  pass(milliseconds: number): void {
    this.#elapsedMs += milliseconds;
  }

  now = (): Date => new Date(Date.UTC(2026, 0, 1) + this.#elapsedMs);
  elapsedMs = (): number => this.#elapsedMs;
  sleep: Clock['sleep'] = (milliseconds, signal) => systemClock.sleep(milliseconds, signal);
}

/** The failure that a question ends with. @throws Error where it ends well */
export async function failureOf(asked: Promise<unknown>): Promise<RemoteFailure> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof RemoteFailure) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

export async function faultOf(asked: Promise<unknown>): Promise<RemoteFault> {
  return (await failureOf(asked)).fault;
}
