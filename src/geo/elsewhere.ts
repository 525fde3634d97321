/**
 * What a secondary lacks is asked at the primary before anybody is told "not there". What is here
 * is answered without asking, so pulls go on while the primary is away.
 */
import type { Readable } from 'node:stream';
import type { Consistency } from '../oci/consistency.ts';
import { algorithmOf, type Digest, digestOf } from '../oci/digest.ts';
import type { ByteRange } from '../oci/range.ts';
import { printReference, type Reference, type RepositoryName } from '../oci/reference.ts';
import {
  ASKED,
  type Elsewhere,
  type Reading,
  type SizedBlob,
  type Standing,
  staleOrigin,
  type WantedManifest,
} from '../registry/elsewhere.ts';
import type { Fill, OnVerified, Wanted } from '../registry/fill.ts';
import type { StoredManifest } from '../storage/metadata.ts';
import { type Upstream, UpstreamFailure, type UpstreamManifest } from '../storage/upstream.ts';
import type { Freshness } from './freshness.ts';
import { askPrimary, PrimaryAway } from './primary-away.ts';

interface Dependencies {
  readonly upstream: Upstream;
  readonly fill: Pick<Fill, 'open' | 'fetch'>;
  readonly onArrival: OnVerified;
  readonly freshness: Pick<Freshness, 'judge' | 'mayBeStale'>;
}

export class PrimaryElsewhere implements Elsewhere {
  readonly #upstream: Upstream;
  readonly #fill: Dependencies['fill'];
  readonly #onArrival: OnVerified;
  readonly #freshness: Dependencies['freshness'];

  constructor({ upstream, fill, onArrival, freshness }: Dependencies) {
    this.#upstream = upstream;
    this.#fill = fill;
    this.#onArrival = onArrival;
    this.#freshness = freshness;
  }

  judge(consistency?: Consistency): Promise<Standing> {
    return this.#freshness.judge(consistency);
  }

  /**
   * One question, which names what is known here so that it need not be sent again. Nothing is
   * recorded: the feed brings it, in its order.
   * @throws PrimaryAway where there is nothing here that may stand in
   */
  async findManifest(wanted: WantedManifest): Promise<Reading<StoredManifest> | undefined> {
    const { known, standing, reference } = wanted;
    const what = `look for the manifest ${printReference(reference)}`;
    try {
      const found = await askPrimary(what, () => this.#ask(wanted));
      return found && { found, origin: ASKED };
    } catch (error) {
      const isStale = known && error instanceof PrimaryAway && this.#freshness.mayBeStale;
      if (isStale) return { found: known, origin: staleOrigin(standing) };
      throw error;
    }
  }

  async #ask({ repository, reference, known }: WantedManifest) {
    const found = known
      ? await this.#upstream.findChangedManifest(repository, reference, known.digest)
      : await this.#upstream.findManifest(repository, reference);
    if (found === 'unchanged') return known;
    return found && nameContent(reference, found);
  }

  /**
   * The question goes to the primary by this repository, however the fill comes by the bytes. What
   * will be read comes along with its answer: two round trips one after the other would be felt.
   * @throws PrimaryAway
   */
  findBlob(
    repository: RepositoryName,
    digest: Digest,
    isOpening = false,
  ): Promise<{ readonly sizeBytes: number } | undefined> {
    // Who opens it joins the fill, and hears of its failure.
    if (isOpening) void this.#fill.fetch(this.#want(repository, { digest })).catch(() => undefined);
    const question = () => this.#upstream.findBlob(repository, digest);
    return askPrimary(`look for the blob ${digest}`, question);
  }

  /** Through the fill: what is read is kept. @throws PrimaryAway */
  async openBlob(
    repository: RepositoryName,
    blob: SizedBlob,
    range?: ByteRange,
  ): Promise<Readable | undefined> {
    const wanted = { ...this.#want(repository, blob), ...(range ? { range } : {}) };
    const filled = await askPrimary(`read the blob ${blob.digest}`, () => this.#fill.open(wanted));
    return filled?.content;
  }

  #want(repository: RepositoryName, blob: Pick<SizedBlob, 'digest'> & Partial<SizedBlob>): Wanted {
    const { digest } = blob;
    const source = (offset: number) => this.#upstream.openBlob(repository, digest, offset);
    return { ...blob, source, onVerified: this.#onArrival };
  }
}

/** @throws UpstreamFailure where the bytes are not those that were asked for */
function nameContent(reference: Reference, found: UpstreamManifest): StoredManifest {
  const wanted = reference.kind === 'digest' ? reference.digest : undefined;
  const digest = digestOf(found.content, wanted && algorithmOf(wanted));
  if (wanted === undefined || digest === wanted) return { digest, ...found };
  throw new UpstreamFailure(`the primary sent other bytes than those of ${wanted}`);
}
