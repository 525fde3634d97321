/** PORT: what sites were ordered to do (`site-ordered`), and how far this one is with its own. */
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';

/** As the fact `site-ordered` carries it. */
export interface Order {
  /** UUID. */
  readonly id: string;
  readonly site: string;
  readonly kind: 'resync' | 'reverify' | 'reconcile';
  /** Only this repository; the whole site where absent. */
  readonly repository?: RepositoryName;
  /** Only this manifest and what it names; with `repository`. */
  readonly digest?: Digest;
}

export interface OrderProgress {
  readonly order: Order;
  /** What became of it is known at the ordered site alone: elsewhere it stays `waiting`. */
  readonly state: 'waiting' | 'done' | 'failed';
  /** What came of it, in one sentence. */
  readonly outcome?: string;
}

export interface Orders {
  /** At the primary: appends the order to the change log. Idempotent. @throws NotPrimary */
  record(order: Order): Promise<void>;
  /** The oldest of the site that is not settled. Orders come to be when their change is applied. */
  findWaiting(site: string): Promise<Order | undefined>;
  /** Idempotent: an order that was settled stays as it is. */
  settle(
    id: string,
    outcome: { readonly isDone: boolean; readonly message: string },
  ): Promise<void>;
  /** Those of the site, the newest first. */
  list(site: string, limit: number): Promise<OrderProgress[]>;
}
