/**
 * From a name to a manifest: what is cached and holds, else the upstreams that may answer, in their
 * order.
 *
 * Only "not there" leads on to the next. Anything else that is no answer ends the walk, so that no
 * lower upstream answers for what a higher one may have: a cached entry stands in, or an error is
 * told (V6, A35, A36).
 */
import type { Clock } from '../clock.ts';
import type { Digest } from '../oci/digest.ts';
import type { Reference, RepositoryName, Tag } from '../oci/reference.ts';
import type { VirtualUpstream } from '../oci/virtual-registry.ts';
import { UpstreamFailure } from '../storage/upstream.ts';
import type { CachedManifest, CachedTag, VirtualCache } from '../storage/virtual/cache.ts';
import type { Entries, Place } from './cache/entries.ts';
import { ageOf, isFresh, isPresent, type PresentTag, restsOn } from './cache/freshness.ts';
import type { AnswerSource } from './call.ts';
import type { Answer, Asking } from './sources/asking.ts';
import { type LocalRepositories, localRepositoryOf } from './sources/local.ts';

interface Dependencies {
  readonly entries: Entries;
  readonly asking: Pick<Asking, 'askForTag' | 'askForDigest'>;
  readonly local: Pick<LocalRepositories, 'findManifest'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** A question to a registry, whose upstreams that may answer are found. */
export interface Wanted {
  readonly registry: string;
  readonly image: RepositoryName;
  readonly candidates: readonly VirtualUpstream[];
  readonly isHead: boolean;
  readonly asOf: number | undefined;
  /** See `Registries.watch`. */
  readonly isCurrent: () => Promise<boolean>;
}

export interface Found {
  readonly upstream: string;
  readonly manifest: Omit<CachedManifest, 'upstream' | 'image'>;
  readonly source: AnswerSource;
  readonly ageMs?: number;
}

/** Of a local upstream nothing is cached. */
export function placeOf({ candidates, image }: Pick<Wanted, 'candidates' | 'image'>): Place {
  const remote = candidates.filter(({ origin }) => origin.kind === 'remote');
  return { upstreams: remote.map(({ name }) => name), image };
}

export class Walk {
  readonly #entries: Entries;
  readonly #asking: Dependencies['asking'];
  readonly #local: Dependencies['local'];
  readonly #clock: Dependencies['clock'];

  constructor({ entries, asking, local, clock }: Dependencies) {
    this.#entries = entries;
    this.#asking = asking;
    this.#local = local;
    this.#clock = clock;
  }

  /** @throws UpstreamFailure where the walk ended without an answer */
  async findTag(wanted: Wanted, tag: Tag): Promise<Found | undefined> {
    const place = placeOf(wanted);
    const rows = await this.#entries.findTags(place, tag, wanted.asOf);
    const known = new Map(rows.map((row) => [row.upstream, row]));
    const held = await this.#findHeld(wanted, tag, known);
    if (held !== 'ask') return held;
    try {
      const found = await this.#askInOrder(wanted, { kind: 'tag', tag });
      if (found) await this.#keepAbove(wanted, found, tag);
      return found;
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      const stale = await this.#findStale(wanted, tag, known);
      if (stale) return stale;
      throw error;
    } finally {
      this.#entries.forgetTag(place, tag);
    }
  }

  /**
   * What can be answered without asking: the first upstream's tag that holds (V2). One below others
   * counts where these lacked the tag when they were asked: another registry may have it cached of
   * the same upstream, and never have asked them (V5, A35).
   */
  async #findHeld(
    wanted: Wanted,
    tag: Tag,
    known: ReadonlyMap<string, CachedTag>,
  ): Promise<Found | 'ask' | undefined> {
    const now = this.#clock.now();
    const lacking: (CachedTag | undefined)[] = [];
    let isSure = true;
    for (const upstream of wanted.candidates) {
      if (upstream.origin.kind === 'local') {
        const found = await this.#findLocal(upstream, wanted, { kind: 'tag', tag });
        if (found) return restsOn(lacking, upstream, now) ? found : 'ask';
        continue;
      }
      const row = known.get(upstream.name);
      const holds = row !== undefined && isFresh(row, upstream, now);
      if (isPresent(row)) {
        if (!holds || !restsOn(lacking, upstream, now)) return 'ask';
        return (await this.#answerRow(wanted, row, 'hit')) ?? 'ask';
      }
      lacking.push(row);
      isSure &&= holds;
    }
    return isSure ? undefined : 'ask';
  }

  /** What a lower upstream answers rests on those above it, which lack the tag. */
  async #keepAbove({ candidates, image }: Wanted, { upstream }: Found, tag: Tag): Promise<void> {
    const end = candidates.findIndex(({ name }) => name === upstream);
    const above = placeOf({ candidates: candidates.slice(0, end), image }).upstreams;
    if (above.length > 0) await this.#entries.keepAbsent(above, image, tag);
  }

  /** The manifest that a cached tag names; `undefined` where it is not here. */
  async #answerRow(
    { image, isHead, asOf }: Wanted,
    row: PresentTag,
    source: AnswerSource,
  ): Promise<Found | undefined> {
    const { upstream } = row;
    const place = { upstreams: [upstream], image };
    const [manifest] = await this.#entries.findManifests(place, row.digest, asOf);
    if (!manifest || !(manifest.content || isHead)) return undefined;
    return { upstream, manifest, source, ageMs: ageOf(row, this.#clock.now()) };
  }

  /**
   * What the highest upstream that has the tag said when it was asked last, however long ago (V6).
   * Behind one that never said that it lacks it nobody answers (A35).
   */
  async #findStale(
    wanted: Wanted,
    tag: Tag,
    known: ReadonlyMap<string, CachedTag>,
  ): Promise<Found | undefined> {
    for (const upstream of wanted.candidates) {
      if (upstream.origin.kind === 'local') {
        const found = await this.#findLocal(upstream, wanted, { kind: 'tag', tag });
        if (found) return { ...found, source: 'stale' };
        continue;
      }
      const row = known.get(upstream.name);
      if (isPresent(row)) return this.#answerRow(wanted, row, 'stale');
      if (!row) return undefined;
    }
    return undefined;
  }

  /**
   * What a digest names never changes (V1): it is asked for where it is not here, and only at the
   * upstreams of which a cached manifest names it, where there are such (V4, V9).
   * @throws UpstreamFailure
   */
  async findDigest(wanted: Wanted, digest: Digest, binding: Binding): Promise<Found | undefined> {
    const place = placeOf(wanted);
    const known = await this.#entries.findManifests(place, digest, wanted.asOf);
    const here = known.find(({ content }) => content);
    if (here) return { upstream: here.upstream, manifest: here, source: 'hit' };
    const reference = { kind: 'digest', digest } as const;
    const bound = await binding.findBinding(place.upstreams, wanted.image, digest);
    const names = new Set([...bound, ...known.map(({ upstream }) => upstream)]);
    const candidates = wanted.candidates.filter(
      ({ name, origin }) => names.size === 0 || origin.kind === 'local' || names.has(name),
    );
    return this.#askInOrder({ ...wanted, candidates }, reference);
  }

  async #askInOrder(wanted: Wanted, reference: Reference): Promise<Found | undefined> {
    for (const upstream of wanted.candidates) {
      const found = await this.#ask(upstream, wanted, reference);
      if (found) return found;
    }
    return undefined;
  }

  async #ask(
    upstream: VirtualUpstream,
    wanted: Wanted,
    reference: Reference,
  ): Promise<Found | undefined> {
    if (upstream.origin.kind === 'local') return this.#findLocal(upstream, wanted, reference);
    const question = { ...wanted, upstream };
    const answer =
      reference.kind === 'tag'
        ? await this.#asking.askForTag(question, reference.tag)
        : await this.#asking.askForDigest(question, reference.digest);
    return answer && this.#told(upstream, answer);
  }

  #told(upstream: VirtualUpstream, { manifest, wasKnown, checkedAt }: Answer): Found {
    const ageMs = checkedAt && Math.max(0, this.#clock.now().getTime() - checkedAt.getTime());
    const source = wasKnown ? 'hit' : 'miss';
    return { upstream: upstream.name, manifest, source, ...(checkedAt ? { ageMs: ageMs! } : {}) };
  }

  async #findLocal(
    upstream: VirtualUpstream,
    { image, asOf }: Wanted,
    reference: Reference,
  ): Promise<Found | undefined> {
    const repository = localRepositoryOf(upstream, image);
    if (!repository) return undefined;
    const reading = await this.#local.findManifest(repository, reference, asOf);
    if (!reading) return undefined;
    const { found, origin } = reading;
    const manifest = { ...found, sizeBytes: found.content.length };
    const age = origin.ageMs === undefined ? {} : { ageMs: origin.ageMs };
    const source = origin.source === 'stale' ? 'stale' : 'hit';
    return { upstream: upstream.name, manifest, source, ...age };
  }
}

/** Which upstreams a manifest is bound to. */
export type Binding = Pick<VirtualCache, 'findBinding'>;
