/** What an administrator wants a site to do once: given at the primary, carried by the log. */
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Randomness } from '../randomness.ts';
import type { Order, OrderProgress, Orders } from '../storage/geo/orders.ts';
import type { Sites } from '../storage/sites.ts';

interface Dependencies {
  readonly orders: Pick<Orders, 'record' | 'list'>;
  readonly sites: Pick<Sites, 'findSite'>;
  readonly randomness: Randomness;
}

/** What is to be done; all of the site where no repository is named. */
export interface WantedOrder {
  readonly kind: Order['kind'];
  readonly repository?: RepositoryName;
  /** Of a manifest in that repository. */
  readonly digest?: Digest;
}

/** More are not listed: what is older has been looked at. */
const LISTED = 100;

export class SiteOrders {
  readonly #dependencies: Dependencies;
  readonly #own: string;

  /** @param own name of this site */
  constructor(dependencies: Dependencies, own: string) {
    this.#dependencies = dependencies;
    this.#own = own;
  }

  /** @throws RegistryError NAME_UNKNOWN where there is no such site. @returns the order's id */
  async give(site: string, wanted: WantedOrder): Promise<string> {
    const { orders, sites, randomness } = this.#dependencies;
    if (!(await sites.findSite(site))) {
      throw new RegistryError('NAME_UNKNOWN', { message: `there is no site ${site}` });
    }
    const id = randomness.uuid();
    await orders.record({ ...wanted, id, site });
    return id;
  }

  /** The newest first. @throws RegistryError NAME_UNKNOWN for another site than this one. */
  list(site: string): Promise<OrderProgress[]> {
    if (site === this.#own) return this.#dependencies.orders.list(site, LISTED);
    throw new RegistryError('NAME_UNKNOWN', {
      message: `what became of its orders is known at the site ${site} alone`,
    });
  }
}
