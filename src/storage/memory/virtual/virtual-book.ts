/** Virtual registries, upstreams and what is cached of them, in memory. */
import type { VirtualRegistry, VirtualUpstream } from '../../../oci/virtual-registry.ts';
import type { RegistryCounts } from '../../virtual/counts.ts';
import { CacheBook, type OnLeaving } from './cache-book.ts';

export class VirtualBook {
  readonly registries = new Map<string, VirtualRegistry>();
  readonly upstreams = new Map<string, VirtualUpstream>();
  readonly cache: CacheBook;
  /** They go with their registry. */
  readonly counts = new Map<string, RegistryCounts>();

  constructor(onLeaving: OnLeaving) {
    this.cache = new CacheBook(onLeaving);
  }
}
