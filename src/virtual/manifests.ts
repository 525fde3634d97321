/** Manifests of a virtual registry, with and without their content. */
import { RegistryError } from '../oci/error.ts';
import { printReference, type Reference } from '../oci/reference.ts';
import type { StoredManifest } from '../storage/metadata.ts';
import type { ManifestWord, VirtualCall, VirtualReading } from './call.ts';
import { findCandidates, honouredNamespace } from './candidates.ts';
import type { Registries } from './registries.ts';
import type { SingleFlight } from './sources/single-flight.ts';
import type { Binding, Found, Walk, Wanted } from './walk.ts';

interface Dependencies {
  readonly registries: Pick<Registries, 'catchUp' | 'find'>;
  readonly walk: Pick<Walk, 'findTag' | 'findDigest'>;
  readonly virtualCache: Binding;
  readonly singleFlight: Pick<SingleFlight, 'share'>;
}

/** A call, with whom it may ask. */
export interface Admitted extends Omit<Wanted, 'isHead'> {
  readonly namespace: { readonly namespace?: string };
}

/** @throws RegistryError NAME_UNKNOWN where nobody may answer */
export async function admit(
  registries: Pick<Registries, 'catchUp' | 'find'>,
  call: VirtualCall,
): Promise<Admitted> {
  const { registry, image } = call;
  const asOf = await registries.catchUp(call.asOf);
  const setting = await registries.find(registry, asOf);
  const candidates = setting ? findCandidates(setting.upstreams, call) : [];
  if (!setting || candidates.length === 0) {
    throw new RegistryError('NAME_UNKNOWN', { detail: { registry, image } });
  }
  const namespace = honouredNamespace(setting.upstreams, call);
  return { registry, image, candidates, asOf, namespace: namespace ? { namespace } : {} };
}

export class VirtualManifests {
  readonly #registries: Dependencies['registries'];
  readonly #walk: Dependencies['walk'];
  readonly #cache: Binding;
  readonly #singleFlight: Dependencies['singleFlight'];

  constructor({ registries, walk, virtualCache, singleFlight }: Dependencies) {
    this.#registries = registries;
    this.#walk = walk;
    this.#cache = virtualCache;
    this.#singleFlight = singleFlight;
  }

  /** The very bytes. @throws RegistryError MANIFEST_UNKNOWN; UpstreamFailure */
  async get(call: VirtualCall, reference: Reference): Promise<VirtualReading<StoredManifest>> {
    const { found, ...reading } = await this.#read(call, reference, false);
    const { digest, mediaType, content } = found;
    return { ...reading, found: { digest, mediaType, content: content! } };
  }

  /** What {@link get} would give, less the content. @throws as it does */
  async head(call: VirtualCall, reference: Reference): Promise<VirtualReading<ManifestWord>> {
    const { found, ...reading } = await this.#read(call, reference, true);
    const { digest, mediaType, sizeBytes } = found;
    return { ...reading, found: { digest, mediaType, sizeBytes } };
  }

  async #read(
    call: VirtualCall,
    reference: Reference,
    isHead: boolean,
  ): Promise<VirtualReading<Found['manifest']>> {
    const { namespace, ...admitted } = await admit(this.#registries, call);
    const found = await this.#find({ ...admitted, isHead }, reference);
    if (!found) {
      throw new RegistryError('MANIFEST_UNKNOWN', {
        detail: { [reference.kind]: printReference(reference) },
      });
    }
    const { manifest, source, upstream, ageMs } = found;
    const age = ageMs === undefined ? {} : { ageMs };
    const isStale = source === 'stale';
    return { found: manifest, source, isStale, upstream, ...age, ...namespace };
  }

  /** All who ask for the same at once share one walk, and its questions to the database. */
  async #find(wanted: Wanted, reference: Reference): Promise<Found | undefined> {
    const { registry, image, candidates, isHead, asOf } = wanted;
    const names = candidates.map(({ name }) => name).join(' ');
    // A later position may know of a purge that an earlier one does not.
    const who = `${asOf} ${registry} ${names} ${isHead ? 'head' : 'get'}`;
    return this.#singleFlight.share(`${who} ${image} ${printReference(reference)}`, () =>
      reference.kind === 'tag'
        ? this.#walk.findTag(wanted, reference.tag)
        : this.#walk.findDigest(wanted, reference.digest, this.#cache),
    );
  }
}
