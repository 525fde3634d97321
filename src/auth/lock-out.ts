/**
 * The lock-out: whoever fails too often waits (A26e).
 *
 * Failures are counted per name and address, so that a stranger cannot lock a person out, and per
 * address, so that he cannot try one password on all names.
 */
import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { RegistryError } from '../oci/error.ts';
import { type Limit, type Limiter, openInMemory } from './limits/limiter.ts';

/** Someone who tries to log in. */
export interface Attempt {
  readonly name: string;
  readonly secret: string;
  /** The client's IP address. */
  readonly address: string;
}

interface Dependencies {
  /** Keys the fingerprints of wrong secrets, which are never kept as they are. */
  readonly key: string;
  /** Where failures are counted: in this process, unless given one that all machines share. */
  readonly openLimiter?: (limit: Limit) => Limiter;
}

const WINDOW_SECONDS = 15 * 60;
const BY_NAME: Limit = { keyPrefix: 'lock-out-name', points: 10, duration: WINDOW_SECONDS };
const BY_ADDRESS: Limit = { keyPrefix: 'lock-out-address', points: 100, duration: WINDOW_SECONDS };
const SEEN: Limit = { keyPrefix: 'lock-out-seen', points: 1, duration: 60 };

export class LockOut {
  readonly #key: string;
  readonly #byName: Limiter;
  readonly #byAddress: Limiter;
  readonly #seen: Limiter;

  constructor({ key, openLimiter = openInMemory }: Dependencies) {
    this.#key = key;
    this.#byName = openLimiter(BY_NAME);
    this.#byAddress = openLimiter(BY_ADDRESS);
    this.#seen = openLimiter(SEEN);
  }

  /** @throws RegistryError TOOMANYREQUESTS with `Retry-After`, however right the secret may be. */
  async check({ name, address }: Attempt): Promise<void> {
    const network = networkOf(address);
    const counts = await Promise.all([
      this.#byName.get(keyOf(name, network)),
      this.#byAddress.get(network),
    ]);
    const waits = counts
      .filter((count) => count !== null && count.remainingPoints <= 0)
      .map((count) => count!.msBeforeNext);
    if (waits.length > 0) throw tooManyFailures(Math.max(...waits));
  }

  /**
   * Whether the very same was refused a moment ago. containerd tries the same credentials by POST
   * and then by GET: that is one failure, and is not worth a second hash (T21).
   */
  async wasRefused(attempt: Attempt, passwordHash: string): Promise<boolean> {
    return (await this.#seen.get(this.#fingerprint(attempt, passwordHash))) !== null;
  }

  async countFailure(attempt: Attempt, passwordHash: string): Promise<void> {
    const network = networkOf(attempt.address);
    await Promise.all([
      this.#byName.penalty(keyOf(attempt.name, network)),
      this.#byAddress.penalty(network),
      this.#seen.penalty(this.#fingerprint(attempt, passwordHash)),
    ]);
  }

  /** Takes back the failures of that name from there; those of the address stay. */
  async forgive({ name, address }: Attempt): Promise<void> {
    await this.#byName.delete(keyOf(name, networkOf(address)));
  }

  /** Holds the present hash, so that a password that was just set is tried anew. */
  #fingerprint({ name, secret, address }: Attempt, passwordHash: string): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([name, secret, address, passwordHash]))
      .digest('base64url');
  }
}

/** The address, or the /64 of an IPv6 address: that is what one customer commonly has. */
export function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.split('%', 1)[0]!.split('::');
  const [first, last] = [head.split(':').filter(Boolean), (tail ?? '').split(':').filter(Boolean)];
  const zeros = Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0');
  return `${[...first, ...zeros, ...last].slice(0, 4).join(':')}::/64`;
}

function keyOf(name: string, network: string): string {
  return JSON.stringify([name, network]);
}

export function tooManyFailures(waitMs: number): RegistryError {
  return new RegistryError('TOOMANYREQUESTS', {
    message: 'too many failed log-ins, try again later',
    headers: { 'Retry-After': String(Math.max(1, Math.ceil(waitMs / 1000))) },
  });
}
