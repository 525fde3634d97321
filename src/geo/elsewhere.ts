/**
 * What a secondary lacks is asked at the primary before anybody is told "not there". What is here
 * is answered without asking, so pulls go on while the primary is away.
 */
import type { Readable } from 'node:stream';
import { algorithmOf, type Digest, digestOf } from '../oci/digest.ts';
import type { ByteRange } from '../oci/range.ts';
import { printReference, type Reference, type RepositoryName } from '../oci/reference.ts';
import type { Elsewhere } from '../registry/elsewhere.ts';
import type { Fill, OnVerified } from '../registry/fill.ts';
import type { StoredManifest } from '../storage/metadata.ts';
import { type Upstream, UpstreamFailure } from '../storage/upstream.ts';
import { askPrimary } from './primary-away.ts';

interface Dependencies {
  readonly upstream: Upstream;
  readonly fill: Pick<Fill, 'open'>;
  readonly onArrival: OnVerified;
}

export class PrimaryElsewhere implements Elsewhere {
  readonly #upstream: Upstream;
  readonly #fill: Dependencies['fill'];
  readonly #onArrival: OnVerified;

  constructor({ upstream, fill, onArrival }: Dependencies) {
    this.#upstream = upstream;
    this.#fill = fill;
    this.#onArrival = onArrival;
  }

  /** Nothing is recorded: the feed brings it, in its order. @throws PrimaryAway */
  async findManifest(
    repository: RepositoryName,
    reference: Reference,
  ): Promise<StoredManifest | undefined> {
    const what = `look for the manifest ${printReference(reference)}`;
    const found = await askPrimary(what, () => this.#upstream.findManifest(repository, reference));
    if (!found) return undefined;
    const wanted = reference.kind === 'digest' ? reference.digest : undefined;
    const digest = digestOf(found.content, wanted && algorithmOf(wanted));
    if (wanted === undefined || digest === wanted) return { digest, ...found };
    throw new UpstreamFailure(`the primary sent other bytes than those of ${wanted}`);
  }

  /** @throws PrimaryAway */
  findBlob(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<{ readonly sizeBytes: number } | undefined> {
    const question = () => this.#upstream.findBlob(repository, digest);
    return askPrimary(`look for the blob ${digest}`, question);
  }

  /** Through the fill: what is read is kept. @throws PrimaryAway */
  async openBlob(
    repository: RepositoryName,
    digest: Digest,
    range?: ByteRange,
  ): Promise<Readable | undefined> {
    const source = (offset: number) => this.#upstream.openBlob(repository, digest, offset);
    const wanted = { digest, source, onVerified: this.#onArrival, ...(range ? { range } : {}) };
    const filled = await askPrimary(`read the blob ${digest}`, () => this.#fill.open(wanted));
    return filled?.content;
  }
}
