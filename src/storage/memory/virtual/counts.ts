/** Memory maker of `VirtualCounts`. */
import { NO_COUNTS, type RegistryCounts, type VirtualCounts } from '../../virtual/counts.ts';
import type { MemoryFacts } from '../facts.ts';
import type { VirtualBook } from './virtual-book.ts';

const NAMES = Object.keys(NO_COUNTS) as (keyof RegistryCounts)[];

export class MemoryVirtualCounts implements VirtualCounts {
  readonly #book: VirtualBook;

  constructor(facts: MemoryFacts) {
    this.#book = facts.virtual;
  }

  async add(counts: ReadonlyMap<string, RegistryCounts>): Promise<void> {
    for (const [registry, more] of counts) {
      const before = await this.find(registry);
      if (this.#book.registries.has(registry)) this.#book.counts.set(registry, sum(before, more));
    }
  }

  async find(registry: string): Promise<RegistryCounts> {
    return this.#book.counts.get(registry) ?? NO_COUNTS;
  }
}

function sum(one: RegistryCounts, other: RegistryCounts): RegistryCounts {
  const sums: { -readonly [Name in keyof RegistryCounts]: number } = { ...one };
  for (const name of NAMES) sums[name] += other[name];
  return sums;
}
