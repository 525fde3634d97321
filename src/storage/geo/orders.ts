/** PORT: what this site was ordered to do (`site-ordered`), and how far it is. */
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';

/** As the fact `site-ordered` carries it. */
export interface Order {
  readonly id: string;
  readonly kind: 'resync' | 'reverify';
  /** Only this repository; the whole site where absent. */
  readonly repository?: RepositoryName;
  /** Only this manifest and what it names; with `repository`. */
  readonly digest?: Digest;
}

export interface OrderProgress {
  readonly order: Order;
  readonly state: 'waiting' | 'done' | 'failed';
  /** What came of it, in one sentence. */
  readonly outcome?: string;
}

export interface Orders {
  /** The oldest that is not settled. Orders come to be when their change is applied. */
  findWaiting(): Promise<Order | undefined>;
  /** Idempotent. */
  settle(
    id: string,
    outcome: { readonly isDone: boolean; readonly message: string },
  ): Promise<void>;
  /** The newest first. */
  list(limit: number): Promise<OrderProgress[]>;
}
