/** Memory maker of `ImagePulls`. */
import type { Digest } from '../../../oci/digest.ts';
import type { Tag } from '../../../oci/reference.ts';
import type { ImagePulls, LastPull } from '../../tree/pulls.ts';
import type { MemoryFacts } from '../facts.ts';

export class MemoryImagePulls implements ImagePulls {
  readonly #facts: MemoryFacts;
  /** Keys of what is still to be told. */
  readonly #untold = new Set<string>();

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
  }

  async record(pulls: readonly LastPull[]): Promise<void> {
    const { pulls: book } = this.#facts;
    for (const pull of pulls) {
      const known = book.get(keyOf(pull));
      if (known && known.at >= pull.at) continue;
      book.set(keyOf(pull), pull);
      this.#untold.add(keyOf(pull));
    }
  }

  async find(keys: readonly Omit<LastPull, 'at'>[]): Promise<LastPull[]> {
    return keys.flatMap((key) => this.#facts.pulls.get(keyOf(key)) ?? []);
  }

  async listUntold(limit: number): Promise<LastPull[]> {
    return [...this.#untold]
      .toSorted()
      .slice(0, limit)
      .map((key) => this.#facts.pulls.get(key)!);
  }

  async recordTold(pulls: readonly LastPull[]): Promise<void> {
    for (const { at, ...pull } of pulls) {
      const known = this.#facts.pulls.get(keyOf(pull));
      if (known && known.at <= at) this.#untold.delete(keyOf(pull));
    }
  }

  async forgetTold(): Promise<void> {
    for (const key of this.#facts.pulls.keys()) this.#untold.add(key);
  }

  async deleteGone(limit: number): Promise<number> {
    const gone = [...this.#facts.pulls].filter(([, pull]) => !this.#isThere(pull)).slice(0, limit);
    for (const [key] of gone) {
      this.#facts.pulls.delete(key);
      this.#untold.delete(key);
    }
    return gone.length;
  }

  #isThere({ repository, reference }: LastPull): boolean {
    const found = this.#facts.repositories.get(repository);
    if (!found || reference === '') return found !== undefined;
    return found.manifests.has(reference as Digest) || found.tags.has(reference as Tag);
  }
}

function keyOf({ repository, reference }: Omit<LastPull, 'at'>): string {
  return `${repository} ${reference}`;
}
