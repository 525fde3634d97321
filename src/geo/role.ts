/**
 * What this site is, primary or secondary, and the epoch it knows of.
 *
 * Each switchover raises the epoch, and every message between sites carries it. The primary's own
 * tables are the fence: a site that is not `primary` there cannot commit a fact.
 */
import type { Log } from '../log.ts';
import { RegistryError } from '../oci/error.ts';
import type { Role, Sites } from '../storage/sites.ts';

interface Dependencies {
  readonly sites: Pick<Sites, 'getRole' | 'recordRole'>;
  readonly log: Log;
}

/** The header that carries the epoch in each message between sites. */
export const EPOCH_HEADER = 'meridian-epoch';

/**
 * Each restore and each switchover raises the epoch by one, so nobody is this far ahead. A site
 * that says so errs or lies: it would use up the numbers by which a primary can be replaced at all.
 */
const MOST_AHEAD = 1000;

export class SiteRole {
  readonly #sites: Dependencies['sites'];
  readonly #log: Log;
  /** The highest epoch that this process saw in the tables; they may be further. */
  #epoch = 0;

  constructor({ sites, log }: Dependencies) {
    this.#sites = sites;
    this.#log = log;
  }

  async read(): Promise<{ readonly role: Role; readonly epoch: number }> {
    const own = await this.#sites.getRole();
    this.#epoch = Math.max(this.#epoch, own.epoch);
    return own;
  }

  /**
   * What other sites follow and prove their freshness by is the primary's alone.
   * @returns the epoch
   * @throws RegistryError with 409 where this site is not the primary
   */
  async assertPrimary(): Promise<number> {
    const { role, epoch } = await this.read();
    if (role === 'primary') return epoch;
    throw new RegistryError('UNSUPPORTED', {
      status: 409,
      message: 'this site is not the primary: no other site can follow it',
    });
  }

  /**
   * Hears which epoch another site lives in. Where it is higher than our own, somebody else became
   * the primary: this site stops accepting writes before it does anything else.
   *
   * @param from name of the site that says so; absent where it is the primary
   * @throws RegistryError with 409 for an epoch that none can be in; nothing changes then
   */
  async hear(epoch: number, from = 'the primary'): Promise<void> {
    if (epoch <= this.#epoch) return;
    const own = await this.read();
    if (epoch <= own.epoch) return;
    if (epoch > own.epoch + MOST_AHEAD) {
      this.#log.error({ epoch, own: own.epoch, from }, 'an epoch was claimed that cannot be');
      throw new RegistryError('UNSUPPORTED', {
        status: 409,
        message: `epoch ${epoch} is too far from ours, which is ${own.epoch}`,
      });
    }
    await this.#sites.recordRole('secondary', epoch);
    this.#epoch = epoch;
    if (own.role === 'primary') {
      this.#log.error(
        { epoch, own: own.epoch, from },
        'another site is the primary now: writes end here',
      );
    }
  }
}

/** The epoch that a message carries, or `undefined` where it is none. */
export function parseEpoch(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
}
