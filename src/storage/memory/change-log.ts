/** Memory maker of `ChangeLog`. */
import type { Change, ChangeLog, Fact } from '../change-log.ts';
import type { MemoryFacts } from './facts.ts';

export class MemoryChangeLog implements ChangeLog {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
  }

  async head(): Promise<number> {
    return this.#facts.head;
  }

  async list(page: {
    readonly after: number;
    readonly limit: number;
    readonly withContent?: boolean;
  }): Promise<Change[]> {
    const changes = this.#facts.list(page.after, page.limit);
    if (!page.withContent) return changes;
    return changes.map((change) => ({ ...change, fact: this.#withContent(change.fact) }));
  }

  watch(listener: () => void): () => void {
    return this.#facts.watch(listener);
  }

  async apply(changes: readonly Change[]): Promise<void> {
    this.#facts.apply(changes);
  }

  #withContent(fact: Fact): Fact {
    if (fact.kind !== 'manifest-recorded') return fact;
    const manifest = this.#facts.repositories.get(fact.repository)?.manifests.get(fact.digest);
    return manifest ? { ...fact, content: manifest.content.toString('base64') } : fact;
  }
}
