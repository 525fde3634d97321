/**
 * What clients are about to ask for: whoever reads a manifest reads its blobs next. Those that are
 * not here go into the lane `demand`, so that the worker brings the next layers while the client
 * reads the first.
 *
 * Only of repositories that this site copies, and only so many at once: somebody who reads one old
 * image after another must not hold up what is pushed today for hours.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Digest } from '../../oci/digest.ts';
import { isIndexType } from '../../oci/media-type.ts';
import { matchesPath, type PathPattern } from '../../oci/path-pattern.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Ledger } from '../../storage/geo/ledger.ts';
import type { Replicas } from '../../storage/geo/replicas.ts';
import type { StoredManifest } from '../../storage/metadata.ts';

interface Dependencies {
  readonly replicas: Pick<Replicas, 'listLacking'>;
  readonly ledger: Pick<Ledger, 'want' | 'status'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Told of a manifest that a client reads. */
export type OnRead = (
  repository: RepositoryName,
  manifest: Pick<StoredManifest, 'digest' | 'mediaType'>,
) => void;

/** An image that is read again and again is looked at so often. */
const LOOK_AGAIN_MS = 60_000;
const MOST_REMEMBERED = 10_000;

/** Reads beyond these ask for nothing: the database has other things to do. */
const MOST_LOOKS_AT_ONCE = 4;

const MOST_BLOBS_OF_ONE = 500;
const MOST_DEMANDED = 2000;

export class Demand {
  readonly #replicas: Dependencies['replicas'];
  readonly #ledger: Dependencies['ledger'];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #selection: readonly PathPattern[];
  /** When each image was looked at last. */
  readonly #lookedAt = new LRUCache<string, number>({ max: MOST_REMEMBERED });
  readonly #listeners = new Set<() => void>();
  #looks = 0;

  /** @param selection whose blobs this site copies */
  constructor({ replicas, ledger, clock, log }: Dependencies, selection: readonly PathPattern[]) {
    this.#replicas = replicas;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#log = log;
    this.#selection = selection;
  }

  /**
   * A client reads the manifest. Works beside its answer, and never fails. An index asks for
   * nothing: the client takes one of its children, and reads that next.
   */
  readonly note: OnRead = (repository, { digest, mediaType }) => {
    if (isIndexType(mediaType) || this.#looks >= MOST_LOOKS_AT_ONCE) return;
    const key = `${repository}@${digest}`;
    const now = this.#clock.elapsedMs();
    if (now - (this.#lookedAt.get(key) ?? Number.NEGATIVE_INFINITY) < LOOK_AGAIN_MS) return;
    if (!this.#selection.some((pattern) => matchesPath(pattern, repository))) return;
    this.#lookedAt.set(key, now);
    this.#looks += 1;
    void this.#ask(repository, digest)
      .catch((error: unknown) => {
        this.#log.debug({ err: error, repository, digest }, 'what is read next is not known');
      })
      .finally(() => (this.#looks -= 1));
  };

  /** Calls the listener once blobs are wanted; gives the way to stop it. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** One question about all blobs; what is not known here yet is wanted soon by the feed. */
  async #ask(repository: RepositoryName, digest: Digest): Promise<void> {
    const lacking = await this.#replicas.listLacking(repository, digest);
    if (!lacking || lacking.length === 0) return;
    const { objects } = await this.#ledger.status();
    const room = Math.min(MOST_BLOBS_OF_ONE, MOST_DEMANDED - objects.demand);
    if (room <= 0) return;
    const common = { repository, lane: 'demand', since: this.#clock.now() } as const;
    await this.#ledger.want(lacking.slice(0, room).map((blob) => ({ ...blob, ...common })));
    for (const listener of this.#listeners) listener();
  }
}
