/**
 * Blobs of a virtual registry.
 *
 * A blob is known only because a cached manifest of the image names it, and is opened at the
 * upstream that gave that manifest, and nowhere else (V4). That other content of this site has the
 * same digest changes nothing: the upstream itself has to give the bytes once, else one that names
 * somebody's private blob would have it read out here (V18, A33).
 */
import type { Readable } from 'node:stream';
import type { Digest } from '../oci/digest.ts';
import { RegistryError } from '../oci/error.ts';
import type { ByteRange } from '../oci/range.ts';
import type { Entries } from './cache/entries.ts';
import type { VirtualBlob, VirtualCall } from './call.ts';
import { type Admitted, admit } from './manifests.ts';
import type { Settings } from './registries.ts';
import { type LocalRepositories, localRepositoryOf } from './sources/local.ts';
import type { Supply } from './sources/supply.ts';
import { placeOf } from './walk.ts';

interface Dependencies {
  readonly registries: Settings;
  readonly entries: Pick<Entries, 'findBlobs'>;
  readonly local: Pick<LocalRepositories, 'findBlob' | 'openBlob'>;
  readonly supply: Pick<Supply, 'open'>;
}

export class VirtualBlobs {
  readonly #registries: Dependencies['registries'];
  readonly #entries: Dependencies['entries'];
  readonly #local: Dependencies['local'];
  readonly #supply: Dependencies['supply'];

  constructor({ registries, entries, local, supply }: Dependencies) {
    this.#registries = registries;
    this.#entries = entries;
    this.#local = local;
    this.#supply = supply;
  }

  /** @throws RegistryError BLOB_UNKNOWN, NAME_UNKNOWN */
  async get(call: VirtualCall, digest: Digest): Promise<VirtualBlob> {
    const admitted = await admit(this.#registries, call);
    const blob =
      (await this.#findCached(admitted, digest)) ?? (await this.#findLocal(admitted, digest));
    if (!blob) throw new RegistryError('BLOB_UNKNOWN', { detail: { digest } });
    return { ...blob, ...admitted.namespace };
  }

  /** Those of the first upstream that has it here; else of the first one that is to be asked. */
  async #findCached(admitted: Admitted, digest: Digest): Promise<VirtualBlob | undefined> {
    const { candidates, asOf } = admitted;
    const rows = await this.#entries.findBlobs(placeOf(admitted), digest, asOf);
    const here = rows.filter(({ isHere }) => isHere);
    const known = new Map((here.length > 0 ? here : rows).map((row) => [row.upstream, row]));
    const upstream = candidates.find(({ name }) => known.has(name))?.name;
    const row = upstream === undefined ? undefined : known.get(upstream);
    if (!row) return undefined;
    const { sizeBytes, isHere, isGiven } = row;
    return { digest, sizeBytes, upstream: row.upstream, isHere, isGiven };
  }

  async #findLocal({ candidates, image, asOf }: Admitted, digest: Digest) {
    for (const upstream of candidates) {
      const repository = localRepositoryOf(upstream, image);
      const found = repository && (await this.#local.findBlob(repository, digest, asOf));
      if (found) return { ...found, digest, upstream: upstream.name, isHere: true, isGiven: true };
    }
    return undefined;
  }

  /**
   * The bytes of a blob that {@link get} gave.
   * @throws RegistryError BLOB_UNKNOWN; UpstreamFailure
   */
  async open(call: VirtualCall, blob: VirtualBlob, range?: ByteRange): Promise<Readable> {
    const { candidates, registry, image } = await admit(this.#registries, call);
    const upstream = candidates.find(({ name }) => name === blob.upstream);
    const repository = upstream && localRepositoryOf(upstream, image);
    if (repository) return this.#local.openBlob(repository, blob, range);
    const where = upstream && { upstream, registry, image };
    const content = where && (await this.#supply.open(where, blob, range));
    if (content) return content;
    throw new RegistryError('BLOB_UNKNOWN', { detail: { digest: blob.digest } });
  }
}
