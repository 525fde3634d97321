/** Memory maker of `Inventory`. */
import type { RepositoryName } from '../../../oci/reference.ts';
import type { Holding, Inventory } from '../../geo/inventory.ts';
import type { MemoryFacts } from '../facts.ts';

export class MemoryInventory implements Inventory {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
  }

  async readHolding(repository: RepositoryName): Promise<Holding> {
    const found = this.#facts.repositories.get(repository);
    return {
      manifests: sorted(found?.manifests).map(([digest, { mediaType }]) => ({ digest, mediaType })),
      tags: sorted(found?.tags).map(([name, digest]) => ({ name, digest })),
      blobs: sorted(found?.blobs).map(([digest, sizeBytes]) => ({ digest, sizeBytes })),
    };
  }
}

function sorted<Key extends string, Value>(map?: ReadonlyMap<Key, Value>): [Key, Value][] {
  return [...(map ?? [])].sort(([one], [other]) => (one < other ? -1 : 1));
}
