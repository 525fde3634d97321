/** Manifests of a virtual registry, with and without their content. */
import { RegistryError } from '../oci/error.ts';
import { printReference, type Reference } from '../oci/reference.ts';
import type { StoredManifest } from '../storage/metadata.ts';
import { RemoteFailure } from '../storage/virtual/remotes.ts';
import type { ManifestWord, VirtualCall, VirtualReading } from './call.ts';
import { findCandidates, honouredNamespace } from './candidates.ts';
import type { Settings } from './registries.ts';
import { Overtaken } from './sources/asking.ts';
import type { SingleFlight } from './sources/single-flight.ts';
import type { Binding, Found, Walk, Wanted } from './walk.ts';

interface Dependencies {
  readonly registries: Settings;
  readonly walk: Pick<Walk, 'findTag' | 'findDigest'>;
  readonly virtualCache: Binding;
  readonly singleFlight: Pick<SingleFlight, 'share'>;
}

/** So often settings may change while an upstream is asked. */
const MOST_TRIES = 4;

/** A call, with whom it may ask. */
export interface Admitted extends Omit<Wanted, 'isHead'> {
  readonly namespace: { readonly namespace?: string };
}

/** @throws RegistryError NAME_UNKNOWN where nobody may answer */
export async function admit(registries: Settings, call: VirtualCall): Promise<Admitted> {
  const { registry, image } = call;
  const asOf = await registries.catchUp(call.asOf);
  const isCurrent = registries.watch();
  const setting = await registries.find(registry, asOf);
  const candidates = setting ? findCandidates(setting.upstreams, call) : [];
  if (!setting || candidates.length === 0) {
    throw new RegistryError('NAME_UNKNOWN', { detail: { registry, image } });
  }
  const namespace = honouredNamespace(setting.upstreams, call);
  const named = namespace ? { namespace } : {};
  return { registry, image, candidates, asOf, isCurrent, namespace: named };
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
    const reading = await this.#read(call, reference, false);
    // It is there, since it was asked for.
    return reading as VirtualReading<StoredManifest>;
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
    const { namespace, found } = await this.#findCurrent(call, reference, isHead);
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

  /** Once more where the settings changed, or something was purged, while an upstream was asked. */
  async #findCurrent(call: VirtualCall, reference: Reference, isHead: boolean) {
    for (let [tries, asked] = [1, call]; ; tries += 1) {
      const { namespace, ...admitted } = await admit(this.#registries, asked);
      try {
        return { namespace, found: await this.#find({ ...admitted, isHead }, reference) };
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error;
        if (tries === MOST_TRIES) throw new RemoteFailure('busy', error.message);
        asked = { ...call, asOf: undefined };
      }
    }
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
