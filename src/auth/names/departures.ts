/**
 * Names under which there is something else now than when a token was issued, or nothing (A23). A
 * repository that was deleted, or moved away, takes along all that older tokens hold on its name;
 * whether a token is older is said by positions of the change log, not by clocks.
 */
import { LRUCache } from 'lru-cache';
import type { Coherence, Memory } from '../../coherence.ts';
import { parseRepositoryName, type RepositoryName } from '../../oci/reference.ts';
import type { Access } from '../../oci/scope.ts';
import type { Catalog } from '../../storage/catalog.ts';
import type { Change } from '../../storage/change-log.ts';
import type { Claims, Tokens } from '../tokens.ts';

interface Dependencies {
  readonly tokens: Pick<Tokens, 'verify'>;
  readonly catalog: Pick<Catalog, 'findDeletion'>;
  readonly coherence: Pick<Coherence, 'add' | 'position'>;
}

const MAX_NAMES = 100_000;

/** Verifies tokens, and leaves out what they held on names that departed since. */
export class Departures implements Memory {
  readonly #tokens: Dependencies['tokens'];
  readonly #catalog: Dependencies['catalog'];
  readonly #coherence: Dependencies['coherence'];
  /** Position of the last deletion under each name; 0 for none. */
  readonly #deletions = new LRUCache<string, number>({ max: MAX_NAMES });

  constructor({ tokens, catalog, coherence }: Dependencies) {
    this.#tokens = tokens;
    this.#catalog = catalog;
    this.#coherence = coherence;
    coherence.add(this);
  }

  /** See `Tokens.verify`. True as of the last `catchUp()`. */
  async verify(token: string): Promise<Claims | undefined> {
    const claims = await this.#tokens.verify(token);
    if (!claims) return undefined;
    const access: Access[] = [];
    for (const entry of claims.access) {
      const isHeld = entry.type === 'repository' && entry.actions.length > 0;
      const name = isHeld ? parseRepositoryName(entry.name) : undefined;
      const deletedAt = name ? (this.#deletions.get(name) ?? (await this.#read(name))) : 0;
      if (deletedAt <= (claims.position ?? 0)) access.push(entry);
    }
    return access.length === claims.access.length ? claims : { ...claims, access };
  }

  forget({ fact }: Change): void {
    if (fact.kind === 'repository-deleted') this.#deletions.delete(fact.repository);
  }

  clear(): void {
    this.#deletions.clear();
  }

  async #read(name: RepositoryName): Promise<number> {
    const before = this.#coherence.position;
    const position = (await this.#catalog.findDeletion(name)) ?? 0;
    if (this.#coherence.position === before) this.#deletions.set(name, position);
    return position;
  }
}
