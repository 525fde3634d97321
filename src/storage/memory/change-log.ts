/** Memory maker of `ChangeLog`. */
import type { Change, ChangeLog, Fact, LogHead, Proof } from '../change-log.ts';
import type { MemoryFacts } from './facts.ts';

export class MemoryChangeLog implements ChangeLog {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
  }

  async head(): Promise<number> {
    return this.#facts.head;
  }

  async readHead(): Promise<LogHead> {
    const { head: position, ageMs, repairs } = this.#facts;
    const repaired = repairs > 0 ? { repairs } : {};
    return ageMs === undefined ? { position, ...repaired } : { position, ageMs, ...repaired };
  }

  async tail(): Promise<number> {
    return this.#facts.tail;
  }

  async trim(upTo: number): Promise<number> {
    return this.#facts.trim(upTo);
  }

  async positionAt(time: Date): Promise<number> {
    const { tail, head } = this.#facts;
    const kept = this.#facts.list(tail, head - tail).find(({ at }) => at >= time);
    return kept ? kept.position - 1 : head;
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

  async apply(changes: readonly Change[], proof?: Proof): Promise<void> {
    this.#facts.apply(changes, proof);
  }

  async recordProof(proof: Proof): Promise<void> {
    this.#facts.recordProof(proof);
  }

  async restartAt(position: number, epoch: number): Promise<void> {
    this.#facts.restartAt(position, epoch);
  }

  #withContent(fact: Fact): Fact {
    if (fact.kind !== 'manifest-recorded') return fact;
    const manifest = this.#facts.repositories.get(fact.repository)?.manifests.get(fact.digest);
    return manifest ? { ...fact, content: manifest.content.toString('base64') } : fact;
  }
}
