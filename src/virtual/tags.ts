/**
 * Tags of a virtual registry: those of every upstream that may answer, each once, paged by us
 * (V16). Lists of upstreams are read whole, since their order is theirs, and held for a moment, so
 * that the pages of one listing cost one.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { Memory } from '../coherence.ts';
import { RegistryError } from '../oci/error.ts';
import type { Tag } from '../oci/reference.ts';
import type { VirtualUpstream } from '../oci/virtual-registry.ts';
import type { Change } from '../storage/change-log.ts';
import { UpstreamFailure } from '../storage/upstream.ts';
import type { VirtualCall } from './call.ts';
import { type Admitted, admit } from './manifests.ts';
import { concernsVirtual, type Settings } from './registries.ts';
import { type LocalRepositories, localRepositoryOf } from './sources/local.ts';
import type { Sources } from './sources/sources.ts';

interface Dependencies {
  readonly registries: Settings;
  readonly sources: Pick<Sources, 'ask'>;
  readonly local: Pick<LocalRepositories, 'listTags'>;
  readonly clock: Pick<Clock, 'elapsedMs'>;
}

interface Page {
  /** Need not exist. */
  readonly after?: string;
  readonly limit: number;
}

interface Held {
  readonly tags: readonly Tag[];
  readonly readMs: number;
}

const MAX_TAGS = 100_000;
const HELD_MS = 60_000;
const MAX_HELD_TAGS = 1_000_000;

export class VirtualTags implements Memory {
  readonly #registries: Dependencies['registries'];
  readonly #sources: Dependencies['sources'];
  readonly #local: Dependencies['local'];
  readonly #clock: Dependencies['clock'];
  readonly #held = new LRUCache<string, Held>({
    maxSize: MAX_HELD_TAGS,
    sizeCalculation: ({ tags }) => tags.length + 1,
  });

  /** How often. */
  #cleared = 0;

  constructor({ registries, sources, local, clock }: Dependencies) {
    this.#registries = registries;
    this.#sources = sources;
    this.#local = local;
    this.#clock = clock;
  }

  /**
   * In byte order, behind `after`.
   * @throws RegistryError NAME_UNKNOWN where no upstream has the image; UpstreamFailure where one
   * does not answer: a list without its tags would be wrong
   */
  async list(call: VirtualCall, page: Page): Promise<Tag[]> {
    const { after, limit } = page;
    const admitted = await admit(this.#registries, call);
    const lists = await Promise.all(
      admitted.candidates.map((upstream) => this.#listOf(upstream, admitted, page)),
    );
    const known = lists.filter((list) => list !== undefined);
    if (known.length === 0) {
      throw new RegistryError('NAME_UNKNOWN', { detail: { name: call.image } });
    }
    // Code units of tags are bytes: they are ASCII.
    const behind = known.flat().filter((tag) => after === undefined || tag > after);
    return [...new Set(behind)].sort().slice(0, limit);
  }

  forget(change: Change): void {
    if (concernsVirtual(change)) this.clear();
  }

  clear(): void {
    this.#cleared += 1;
    this.#held.clear();
  }

  async #listOf(
    upstream: VirtualUpstream,
    { image }: Admitted,
    page: Page,
  ): Promise<readonly Tag[] | undefined> {
    const repository = localRepositoryOf(upstream, image);
    if (repository) return this.#local.listTags(repository, page);
    if (upstream.origin.kind === 'local') return undefined;
    const key = `${upstream.name} ${image}`;
    const held = this.#held.get(key);
    const readMs = this.#clock.elapsedMs();
    if (held && readMs - held.readMs < HELD_MS) return held.tags;
    const cleared = this.#cleared;
    try {
      const tags = await this.#sources.ask(upstream, (remote) =>
        remote.listTags(image, { limit: MAX_TAGS }),
      );
      if (tags && this.#cleared === cleared) this.#held.set(key, { tags, readMs });
      return tags;
    } catch (error) {
      if (held && error instanceof UpstreamFailure) return held.tags;
      throw error;
    }
  }
}
