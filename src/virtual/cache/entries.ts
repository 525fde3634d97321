/**
 * What is cached of upstreams, remembered in this process, so that a hot image costs no question to
 * the database but the shared one for the log's head.
 *
 * Content by its digest is remembered as long as no setting changes and nothing is purged: both are
 * changes of the log. A tag may be resolved anew by any process of the site without a change, so it
 * is remembered for a moment only.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import type { Coherence, Memory } from '../../coherence.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';
import type { Change } from '../../storage/change-log.ts';
import type {
  CachedBlob,
  CachedManifest,
  CachedTag,
  VirtualCache,
} from '../../storage/virtual/cache.ts';
import { concernsVirtual } from '../registries.ts';
import type { SingleFlight } from '../sources/single-flight.ts';

interface Dependencies {
  readonly virtualCache: Pick<
    VirtualCache,
    'findTags' | 'findTagged' | 'findManifests' | 'findBlobs' | 'keepAbsent'
  >;
  readonly coherence: Pick<Coherence, 'catchUp' | 'position'>;
  readonly singleFlight: Pick<SingleFlight, 'share'>;
  readonly clock: Pick<Clock, 'elapsedMs'>;
}

/** Which image, at which upstreams. */
export interface Place {
  readonly upstreams: readonly string[];
  readonly image: RepositoryName;
}

interface Remembered<T> {
  readonly what: T;
  readonly readMs: number;
}

const TAG_MS = 1000;
/** Upkeep of any process may take out what nobody pulled for long, without a change. */
const CONTENT_MS = 5 * 60 * 1000;
const MAX_TAGS = 20_000;
const MAX_BLOBS = 100_000;
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;
/** What an entry costs besides the manifest's bytes. */
const ENTRY_BYTES = 1024;

export class Entries implements Memory {
  readonly #cache: Dependencies['virtualCache'];
  readonly #coherence: Dependencies['coherence'];
  readonly #singleFlight: Dependencies['singleFlight'];
  readonly #clock: Dependencies['clock'];
  readonly #tags = new LRUCache<string, Remembered<CachedTag[]>>({ max: MAX_TAGS });
  /** Proven ones alone. */
  readonly #manifests = new LRUCache<string, Remembered<CachedManifest>>({
    maxSize: MAX_MANIFEST_BYTES,
    sizeCalculation: ({ what }) => what.sizeBytes + ENTRY_BYTES,
  });
  /** Those whose bytes are here. With `max` room for all would be made in each start. */
  readonly #blobs = new LRUCache<string, Remembered<CachedBlob>>({
    maxSize: MAX_BLOBS,
    sizeCalculation: () => 1,
  });

  constructor({ virtualCache, coherence, singleFlight, clock }: Dependencies) {
    this.#cache = virtualCache;
    this.#coherence = coherence;
    this.#singleFlight = singleFlight;
    this.#clock = clock;
  }

  /** What is known of the tag, at most {@link TAG_MS} old, in no order. */
  async findTags({ upstreams, image }: Place, tag: Tag, asOf?: number): Promise<CachedTag[]> {
    if (upstreams.length === 0) return [];
    const before = await this.#coherence.catchUp(asOf);
    const place = { upstreams, image };
    const key = tagKey(place, tag);
    const readMs = this.#clock.elapsedMs();
    const known = this.#tags.get(key);
    if (known && readMs - known.readMs < TAG_MS) return known.what;
    // Who asks for it for the first time wants its manifest next, and shall not ask twice.
    const what = known
      ? await this.#cache.findTags(upstreams, image, tag)
      : await this.#readTagged(place, tag, before);
    const isWorthIt = what.some(({ digest }) => digest !== undefined);
    if (isWorthIt && this.#coherence.position === before) this.#tags.set(key, { what, readMs });
    return what;
  }

  async #readTagged({ upstreams, image }: Place, tag: Tag, position: number): Promise<CachedTag[]> {
    const readMs = this.#clock.elapsedMs();
    const found = await this.#cache.findTagged(upstreams, image, tag);
    const manifests = found.flatMap(({ manifest }) => manifest ?? []);
    if (this.#coherence.position === position) this.#remember(manifests, readMs);
    return found.map((one) => one.tag);
  }

  /** Those that are proven. */
  #remember(manifests: readonly CachedManifest[], readMs: number): void {
    for (const what of manifests) {
      if (what.content) this.#manifests.set(contentKey(what), { what, readMs });
    }
  }

  /** See `VirtualCache.keepAbsent`. */
  keepAbsent(upstreams: readonly string[], image: RepositoryName, tag: Tag): Promise<void> {
    return this.#cache.keepAbsent(upstreams, image, tag);
  }

  /** It was resolved anew. */
  forgetTag(place: Place, tag: Tag): void {
    this.#tags.delete(tagKey(place, tag));
  }

  /** One that is proven where it is remembered, else all that are known. */
  async findManifests(
    { upstreams, image }: Place,
    digest: Digest,
    asOf?: number,
  ): Promise<CachedManifest[]> {
    if (upstreams.length === 0) return [];
    const before = await this.#coherence.catchUp(asOf);
    const readMs = this.#clock.elapsedMs();
    for (const upstream of upstreams) {
      const known = this.#manifests.get(contentKey({ upstream, image, digest }));
      if (known && readMs - known.readMs < CONTENT_MS) return [known.what];
    }
    const found = await this.#cache.findManifests(upstreams, image, digest);
    if (this.#coherence.position !== before) return found;
    this.#remember(found, readMs);
    return found;
  }

  /** One whose bytes are here where it is remembered, else all that are known. */
  async findBlobs(
    { upstreams, image }: Place,
    digest: Digest,
    asOf?: number,
  ): Promise<CachedBlob[]> {
    if (upstreams.length === 0) return [];
    const before = await this.#coherence.catchUp(asOf);
    const readMs = this.#clock.elapsedMs();
    for (const upstream of upstreams) {
      const known = this.#blobs.get(contentKey({ upstream, image, digest }));
      if (known && readMs - known.readMs < CONTENT_MS) return [known.what];
    }
    const found = await this.#readBlobs({ upstreams, image }, digest, before);
    if (this.#coherence.position !== before) return found;
    for (const what of found) {
      if (what.isHere) this.#blobs.set(contentKey(what), { what, readMs });
    }
    return found;
  }

  /**
   * All who ask at once for a blob that is not here share one question: hundreds that pull one cold
   * image would wait for connections to the database longer than anybody may.
   */
  async #readBlobs(
    { upstreams, image }: Place,
    digest: Digest,
    position: number,
  ): Promise<CachedBlob[]> {
    let isAsked = false;
    const ask = () => {
      isAsked = true;
      return this.#cache.findBlobs(upstreams, image, digest);
    };
    const key = `blob ${position} ${upstreams.join(' ')} ${image}@${digest}`;
    const found = await this.#singleFlight.share(key, ask);
    // A manifest may have come since another asked; that is no change of the log.
    return found.length > 0 || isAsked ? found : ask();
  }

  forget(change: Change): void {
    if (concernsVirtual(change)) this.clear();
  }

  clear(): void {
    this.#tags.clear();
    this.#manifests.clear();
    this.#blobs.clear();
  }
}

interface ContentName {
  readonly upstream: string;
  readonly image: RepositoryName;
  readonly digest: Digest;
}

const tagKey = ({ upstreams, image }: Place, tag: Tag): string =>
  `${upstreams.join(' ')} ${image}:${tag}`;

const contentKey = ({ upstream, image, digest }: ContentName): string =>
  `${upstream} ${image}@${digest}`;
