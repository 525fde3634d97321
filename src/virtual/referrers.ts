/** Referrers: of the upstream that the subject is bound to (V16). */
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { parseManifest } from '../oci/manifest.ts';
import type { VirtualUpstream } from '../oci/virtual-registry.ts';
import type { VirtualCall } from './call.ts';
import { type Admitted, admit } from './manifests.ts';
import type { Settings } from './registries.ts';
import { type LocalRepositories, localRepositoryOf } from './sources/local.ts';
import { proveManifest } from './sources/proof.ts';
import type { Sources } from './sources/sources.ts';
import { type Binding, placeOf } from './walk.ts';

interface Dependencies {
  readonly registries: Settings;
  readonly virtualCache: Binding;
  readonly sources: Pick<Sources, 'ask'>;
  readonly local: Pick<LocalRepositories, 'listReferrers'>;
}

export interface ReferrersQuery {
  readonly subject: Digest;
  readonly artifactType?: string;
}

export class VirtualReferrers {
  readonly #registries: Dependencies['registries'];
  readonly #cache: Binding;
  readonly #sources: Dependencies['sources'];
  readonly #local: Dependencies['local'];

  constructor({ registries, virtualCache, sources, local }: Dependencies) {
    this.#registries = registries;
    this.#cache = virtualCache;
    this.#sources = sources;
    this.#local = local;
  }

  /** Descriptors, each as JSON; of the first upstream that has any. @throws UpstreamFailure */
  async list(call: VirtualCall, query: ReferrersQuery): Promise<readonly string[]> {
    const admitted = await admit(this.#registries, call);
    const { upstreams, image } = placeOf(admitted);
    const bound = new Set(await this.#cache.findBinding(upstreams, image, query.subject));
    const askable = admitted.candidates.filter(
      ({ name, origin }) => bound.size === 0 || origin.kind === 'local' || bound.has(name),
    );
    for (const upstream of askable) {
      const items = await this.#listOf(upstream, admitted, query);
      if (items.length > 0) return items;
    }
    return [];
  }

  async #listOf(
    upstream: VirtualUpstream,
    { image }: Admitted,
    query: ReferrersQuery,
  ): Promise<readonly string[]> {
    const repository = localRepositoryOf(upstream, image);
    if (repository) return this.#local.listReferrers(repository, query);
    if (upstream.origin.kind === 'local') return [];
    const sent = await this.#sources.ask(upstream, (remote) =>
      remote.findReferrers(image, query.subject),
    );
    if (!sent) return [];
    const { mediaType, content } = proveManifest(sent);
    return listItems(parseManifest(content, mediaType).manifests, query);
  }
}

function listItems(descriptors: readonly Descriptor[], query: ReferrersQuery): string[] {
  const { artifactType } = query;
  return descriptors
    .filter((descriptor) => artifactType === undefined || descriptor.artifactType === artifactType)
    .map((descriptor) => JSON.stringify(descriptor));
}
