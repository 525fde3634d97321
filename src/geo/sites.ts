/** The sites of the cluster, as the primary keeps them: inviting, joining, taking out. */
import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { RegistryError } from '../oci/error.ts';
import type { Randomness } from '../randomness.ts';
import type { Site, Sites } from '../storage/sites.ts';
import type { SiteRole } from './role.ts';

interface Dependencies {
  readonly sites: Sites;
  readonly role: Pick<SiteRole, 'read'>;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

const INVITATION_MS = 24 * 60 * 60 * 1000;
const TOKEN_BYTES = 32;
const SITE_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export class ClusterSites {
  readonly #sites: Sites;
  readonly #role: Dependencies['role'];
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly #own: string;

  /** @param own name of this site */
  constructor({ sites, role, clock, randomness }: Dependencies, own: string) {
    this.#sites = sites;
    this.#role = role;
    this.#clock = clock;
    this.#randomness = randomness;
    this.#own = own;
  }

  /**
   * Lets one site of that name join, once, within a day.
   *
   * @returns the join token, which is kept nowhere
   * @throws RegistryError NAME_INVALID; DENIED for the name of this site, whose key it would take
   */
  async invite(site: string): Promise<{ readonly joinToken: string; readonly expiresAt: Date }> {
    if (!SITE_NAME.test(site)) throw invalidName();
    if (site === this.#own) throw ownName();
    const joinToken = this.#randomness.bytes(TOKEN_BYTES).toString('base64url');
    const expiresAt = new Date(this.#clock.now().getTime() + INVITATION_MS);
    await this.#sites.recordInvitation({ site, tokenHash: hashOf(joinToken), expiresAt });
    return { joinToken, expiresAt };
  }

  /**
   * Makes a site known in all others. A site that lost its key joins again with a new invitation,
   * and what it does not say stays as it was.
   *
   * @returns the epoch
   * @throws RegistryError UNAUTHORIZED where the token is unknown, used, too old, or another
   * site's; DENIED for the key of another site, whose tokens would count as nobody's then
   */
  async join(joinToken: string, site: Site): Promise<{ readonly epoch: number }> {
    const invitation = await this.#sites.takeInvitation(hashOf(joinToken));
    const isGood = invitation?.site === site.name && invitation.expiresAt > this.#clock.now();
    if (!isGood) {
      throw new RegistryError('UNAUTHORIZED', {
        message: `this join token is not, or no longer, one for the site ${site.name}`,
      });
    }
    await this.#assertOwnKey(site);
    const isKnown = await this.#sites.changeSite(site.name, (known) => ({ ...known, ...site }));
    if (!isKnown) await this.#sites.recordSite(site);
    const { epoch } = await this.#role.read();
    return { epoch };
  }

  /** A site says where it is; what is absent stays. Nothing where it was cut off. Idempotent. */
  async move(site: string, where: Partial<Pick<Site, 'url' | 'place'>>): Promise<void> {
    await this.#sites.changeSite(site, (known) => ({ ...known, ...where }));
  }

  /**
   * Cuts a site off: its tokens count nowhere any more.
   * @throws RegistryError NAME_UNKNOWN; DENIED for this site itself
   */
  async remove(site: string): Promise<void> {
    if (site === this.#own) throw ownName();
    const wasThere = await this.#sites.deleteSite(site);
    if (wasThere) return;
    throw unknownSite(site);
  }

  /**
   * A paused site copies no blobs; it goes on following and answering. Idempotent.
   * @throws RegistryError NAME_UNKNOWN
   */
  async pause(site: string, isPaused: boolean): Promise<void> {
    const isKnown = await this.#sites.changeSite(site, (known) => {
      const { isPaused: _, ...rest } = known;
      return isPaused ? { ...rest, isPaused } : rest;
    });
    if (!isKnown) throw unknownSite(site);
  }

  async #assertOwnKey({ name, publicKey }: Site): Promise<void> {
    const others = (await this.#sites.listSites()).filter((site) => site.name !== name);
    const isTaken = others.some((site) => site.publicKey['x'] === publicKey['x']);
    if (isTaken) throw new RegistryError('DENIED', { message: 'another site has this key' });
  }
}

function invalidName(): RegistryError {
  return new RegistryError('NAME_INVALID', {
    message: 'a site is named by lower-case letters, digits and dashes',
  });
}

function ownName(): RegistryError {
  return new RegistryError('DENIED', { message: 'this is the name of the primary site itself' });
}

function unknownSite(site: string): RegistryError {
  return new RegistryError('NAME_UNKNOWN', { message: `there is no site ${site}` });
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
