/**
 * How often anybody may ask: per account, and per address for all who come from there. Off unless
 * the operator says otherwise. Counted by all machines of a site where they share a Redis.
 */
import { RegistryError } from '../../oci/error.ts';
import { networkOf } from '../lock-out.ts';
import { type Limit, type Limiter, openInMemory } from './limiter.ts';

/** So many requests in so many seconds. */
export interface RequestRate {
  readonly requests: number;
  readonly seconds: number;
}

export interface RequestRates {
  /** Absent where accounts are not counted. */
  readonly perAccount?: RequestRate;
  /** Absent where addresses are not counted. */
  readonly perAddress?: RequestRate;
}

interface Dependencies {
  readonly rates: RequestRates;
  /** Whose requests are not counted: other sites, and what builds. */
  readonly isExcepted: (address: string) => boolean;
  /** In this process, unless given one that all machines share. */
  readonly openLimiter?: ((limit: Limit) => Limiter) | undefined;
}

export interface Requester {
  /** '' for nobody, who is counted by address alone. */
  readonly account: string;
  /** IP address. */
  readonly address: string;
}

interface Counter {
  readonly rate: RequestRate;
  readonly limiter: Limiter;
}

export class RequestLimits {
  readonly #perAccount: Counter | undefined;
  readonly #perAddress: Counter | undefined;
  readonly #isExcepted: Dependencies['isExcepted'];

  constructor({ rates, isExcepted, openLimiter = openInMemory }: Dependencies) {
    const open = (keyPrefix: string, rate: RequestRate | undefined): Counter | undefined => {
      if (!rate) return undefined;
      const limit = { keyPrefix, points: rate.requests, duration: rate.seconds };
      return { rate, limiter: openLimiter(limit) };
    };
    this.#perAccount = open('requests-account', rates.perAccount);
    this.#perAddress = open('requests-address', rates.perAddress);
    this.#isExcepted = isExcepted;
  }

  /**
   * Counts a request.
   * @throws RegistryError TOOMANYREQUESTS with `Retry-After` where it is one too many
   */
  async count({ account, address }: Requester): Promise<void> {
    if (this.#isExcepted(address)) return;
    await Promise.all([
      countBy(this.#perAddress, networkOf(address)),
      account === '' ? undefined : countBy(this.#perAccount, account),
    ]);
  }
}

async function countBy(counter: Counter | undefined, key: string): Promise<void> {
  if (!counter) return;
  const { rate, limiter } = counter;
  const { consumedPoints, msBeforeNext } = await limiter.penalty(key);
  if (consumedPoints <= rate.requests) return;
  throw new RegistryError('TOOMANYREQUESTS', {
    message: `no more than ${rate.requests} requests in ${rate.seconds} seconds are answered`,
    headers: { 'Retry-After': String(Math.max(1, Math.ceil(msBeforeNext / 1000))) },
  });
}
