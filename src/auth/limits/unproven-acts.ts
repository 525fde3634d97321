/**
 * How many acts of those who prove nothing are taken note of: each is a row on the disk, and
 * whoever writes rows without end fills it.
 */
import { networkOf, tooManyFailures } from '../lock-out.ts';
import { type Limit, type Limiter, openInMemory } from './limiter.ts';

/** As many as there may be failed log-ins from one address. */
const BY_ADDRESS: Limit = { keyPrefix: 'acts-unproven', points: 100, duration: 15 * 60 };

export class UnprovenActs {
  readonly #limiter: Limiter;

  /** @param openLimiter in this process, unless it opens one that all machines share */
  constructor(openLimiter: (limit: Limit) => Limiter = openInMemory) {
    this.#limiter = openLimiter(BY_ADDRESS);
  }

  /** Before the act is written down. @throws RegistryError TOOMANYREQUESTS with `Retry-After` */
  async count(address: string): Promise<void> {
    const { consumedPoints, msBeforeNext } = await this.#limiter.penalty(networkOf(address));
    if (consumedPoints > BY_ADDRESS.points) throw tooManyFailures(msBeforeNext);
  }

  /** Takes it back: it was a log-in that was right. */
  async forgive(address: string): Promise<void> {
    await this.#limiter.reward(networkOf(address));
  }
}
