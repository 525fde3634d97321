/**
 * Copies one image of an external registry into a repository of ours, with all that it names. Every
 * byte is hashed here, and comes from that registry: what lies here for somebody else does not
 * count, since a manifest may name whatever digest it likes (A32, A33).
 */
import type { Digest } from '../../oci/digest.ts';
import { digestOf, hexOf } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { sourceOf, type VirtualUpstream } from '../../oci/virtual-registry.ts';
import type { BlobLinks } from '../../registry/blob-links.ts';
import type { Fill } from '../../registry/fill.ts';
import type { Manifests } from '../../registry/manifests.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import type { ExternalImages, WaitingImage } from '../../storage/events/external-images.ts';
import { UpstreamFailure } from '../../storage/failure.ts';
import type { Metadata } from '../../storage/metadata.ts';
import type { VirtualRegistries } from '../../storage/virtual/registries.ts';
import type { Remote, Remotes } from '../../storage/virtual/remotes.ts';
import { type ProvenManifest, proveManifest } from '../sources/proof.ts';

/** The parts of this registry that a copy is written by. */
export interface CopyTarget {
  readonly fill: Pick<Fill, 'fetch'>;
  readonly blobStore: Pick<BlobStore, 'find'>;
  readonly metadata: Pick<Metadata, 'findBlob'>;
  readonly blobLinks: Pick<BlobLinks, 'link'>;
  readonly manifests: Pick<Manifests, 'put'>;
}

interface Dependencies {
  readonly externalImages: Pick<ExternalImages, 'find'>;
  readonly virtualRegistries: Pick<VirtualRegistries, 'findUpstream'>;
  readonly remotes: Pick<Remotes, 'open'>;
  readonly target: CopyTarget;
}

export type CopyOutcome =
  | { readonly kind: 'copied'; readonly manifests: number }
  /** It can never be copied; the sentence says why. */
  | { readonly kind: 'hopeless'; readonly sentence: string }
  /** It waits no longer: the tag points to something newer. */
  | { readonly kind: 'superseded' };

/** An image has at most so many manifests. */
const MAX_MANIFESTS = 1000;
/** All of them are in memory until the last blob is here; those of large images have some MiB. */
const MAX_MANIFESTS_BYTES = 64 * 1024 * 1024;

/** What cannot be copied however often it is tried. */
class Hopeless extends Error {
  override readonly name = 'Hopeless';
}

/** Where it comes from and where it goes. */
interface Way {
  readonly remote: Remote;
  readonly image: RepositoryName;
  readonly to: RepositoryName;
  readonly actor: string;
  /** Names the place that bytes have to come from. */
  readonly origin: string;
}

export class ImageCopies {
  readonly #images: Dependencies['externalImages'];
  readonly #registries: Dependencies['virtualRegistries'];
  readonly #remotes: Dependencies['remotes'];
  readonly #target: CopyTarget;

  constructor({ externalImages, virtualRegistries, remotes, target }: Dependencies) {
    this.#images = externalImages;
    this.#registries = virtualRegistries;
    this.#remotes = remotes;
    this.#target = target;
  }

  /**
   * Idempotent; what a try before brought is not brought again.
   * @throws UpstreamFailure, StorageUnavailable and whatever else another try may mend
   */
  async copy(image: WaitingImage): Promise<CopyOutcome> {
    try {
      return await this.#copy(image);
    } catch (error) {
      if (error instanceof Hopeless) return { kind: 'hopeless', sentence: error.message };
      // A policy of ours, a name that is too long: another try meets it again.
      const isRefused = error instanceof RegistryError && error.status < 500;
      if (isRefused) return { kind: 'hopeless', sentence: error.message };
      throw error;
    }
  }

  async #copy({ id, upstream: name, image, copiedAs, digest, tag }: WaitingImage) {
    const upstream = await this.#registries.findUpstream(name);
    if (upstream?.origin.kind !== 'remote') throw new Hopeless(`there is no upstream ${name}`);
    const way = {
      remote: this.#remotes.open(upstream),
      image,
      to: copiedAs,
      actor: `upstream/${name}`,
      origin: originOf(upstream, image),
    };
    const order = await this.#read(way, digest);
    for (const { blobs } of order) {
      for (const blob of blobs) await this.#bring(way, blob);
    }
    // A newer push of the tag may have been told while the bytes came.
    if ((await this.#images.find(id))?.state !== 'waiting') return { kind: 'superseded' } as const;
    for (const manifest of order) {
      const tags = tag !== undefined && manifest.digest === digest ? [tag] : [];
      await this.#put(way, manifest, tags);
    }
    return { kind: 'copied', manifests: order.length } as const;
  }

  /** The manifest and all that it names, children first. */
  async #read(way: Way, digest: Digest): Promise<ProvenManifest[]> {
    const seen = new Set<Digest>();
    const found: ProvenManifest[] = [];
    let bytes = 0;
    const visit = async (wanted: Digest): Promise<void> => {
      if (seen.has(wanted)) return;
      if (seen.size === MAX_MANIFESTS) throw new Hopeless(`it has over ${MAX_MANIFESTS} manifests`);
      seen.add(wanted);
      const sent = await way.remote.findManifest(way.image, { kind: 'digest', digest: wanted });
      if (!sent) throw new Hopeless(`its registry has no manifest ${wanted} any more`);
      const proven = proveManifest(sent, wanted);
      bytes += proven.sizeBytes;
      if (bytes > MAX_MANIFESTS_BYTES) throw new Hopeless('its manifests are too large together');
      for (const child of proven.manifests) await visit(child);
      found.push(proven);
    };
    await visit(digest);
    return found;
  }

  async #bring(way: Way, blob: ProvenManifest['blobs'][number]): Promise<void> {
    const { digest, sizeBytes } = blob;
    const { blobStore, blobLinks, fill, metadata } = this.#target;
    const { to: repository, actor } = way;
    const findKept = async () => {
      const isOurs = await metadata.findBlob(repository, digest);
      return isOurs ? blobStore.find(digest) : undefined;
    };
    if (await findKept()) return;
    const brought = await fill.fetch({
      digest,
      sizeBytes,
      source: (offset) => way.remote.openBlob(way.image, digest, offset),
      origin: { name: way.origin, findKept },
    });
    if (!brought) throw new Hopeless(`its registry has no blob ${digest}`);
    if (brought === 'elsewhere') throw new UpstreamFailure(`${digest} is on its way already`);
    if (await blobLinks.link({ repository, digest, sizeBytes, actor })) return;
    throw new UpstreamFailure(`the bytes of ${digest} were removed meanwhile`);
  }

  async #put(way: Way, manifest: ProvenManifest, tags: Parameters<Manifests['put']>[0]['tags']) {
    const { digest, mediaType, content } = manifest;
    await this.#target.manifests.put({
      repository: way.to,
      reference: { kind: 'digest', digest },
      tags,
      content,
      mediaType,
      mayOverwrite: true,
      actor: way.actor,
    });
  }
}

/** Short, and of letters that the name of a staging may have; another one at another URL. */
function originOf(upstream: VirtualUpstream, image: RepositoryName): string {
  return hexOf(digestOf(`copy ${upstream.name} ${sourceOf(upstream)} ${image}`)).slice(0, 16);
}
