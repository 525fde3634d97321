/** The bytes of a blob: those that its upstream gave before, else from there, by the fill. */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { type Digest, digestOf, hexOf } from '../../oci/digest.ts';
import type { ByteRange } from '../../oci/range.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { sourceOf, type VirtualUpstream } from '../../oci/virtual-registry.ts';
import type { Fill, WantedContent } from '../../registry/fill.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import { StorageFull } from '../../storage/failure.ts';
import type { VirtualCache } from '../../storage/virtual/cache.ts';
import type { VirtualBlob } from '../call.ts';
import { passThrough } from './pass-through.ts';
import type { SingleFlight } from './single-flight.ts';
import type { Source } from './source.ts';
import type { Sources } from './sources.ts';

interface Dependencies {
  readonly fill: Pick<Fill, 'open'>;
  readonly blobStore: Pick<BlobStore, 'open' | 'find'>;
  readonly virtualCache: Pick<VirtualCache, 'findBlobs' | 'recordBlob'>;
  readonly sources: Pick<Sources, 'open' | 'note'>;
}

export interface SupplySettings {
  readonly singleFlight: Pick<SingleFlight, 'share'>;
  readonly clock: Pick<Clock, 'elapsedMs'>;
  /** Told of the size of each blob that an upstream gave. */
  readonly onBrought: (registry: string, sizeBytes: number) => void;
}

/** One image at one upstream, and the registry through which it is read. */
export interface Where {
  readonly upstream: VirtualUpstream;
  readonly registry: string;
  readonly image: RepositoryName;
}

/** So long nothing is kept once there was no room for something. */
const FULL_MS = 30_000;

export class Supply {
  readonly #fill: Dependencies['fill'];
  readonly #blobStore: Dependencies['blobStore'];
  readonly #cache: Dependencies['virtualCache'];
  readonly #sources: Dependencies['sources'];
  readonly #settings: SupplySettings;
  #fullUntilMs = Number.NEGATIVE_INFINITY;

  constructor({ fill, blobStore, virtualCache, sources }: Dependencies, settings: SupplySettings) {
    this.#fill = fill;
    this.#blobStore = blobStore;
    this.#cache = virtualCache;
    this.#sources = sources;
    this.#settings = settings;
  }

  /**
   * `undefined` where the upstream has it not. No client cancels what it began (V11), and nothing
   * but the whole blob is ever kept (V12). @throws UpstreamFailure
   */
  async open(where: Where, blob: VirtualBlob, range?: ByteRange): Promise<Readable | undefined> {
    const kept = blob.isHere ? await this.#blobStore.open(blob.digest, range) : undefined;
    if (kept) return kept;
    const isFull = this.#settings.clock.elapsedMs() < this.#fullUntilMs;
    if (isFull) return this.#pass(where, blob, range);
    try {
      const shared = blob.isHere ? undefined : await this.#openShared(where, blob, range);
      return shared ?? (await this.#bring(where, blob, range));
    } catch (error) {
      this.#sources.note(where.upstream.name, error);
      if (!(error instanceof StorageFull)) throw error;
      // Whoever reads along with bytes already breaks off, and is passed by when it comes again.
      this.#fullUntilMs = this.#settings.clock.elapsedMs() + FULL_MS;
      return this.#pass(where, blob, range);
    }
  }

  /**
   * What the same upstream gave for another image, as it does with base layers, does not cross the
   * line again. That it has the blob for this image, too, is asked with its last byte: rights may
   * differ from one image to the next.
   */
  async #openShared(
    where: Where,
    blob: VirtualBlob,
    range: ByteRange | undefined,
  ): Promise<Readable | undefined> {
    const { digest, sizeBytes } = blob;
    const upstream = where.upstream.name;
    if (!blob.isGiven) return undefined;
    const stored = await this.#blobStore.find(digest);
    if (stored?.sizeBytes !== sizeBytes) return undefined;
    const { image } = where;
    // It may have come for this very image since it was looked for.
    if (await this.#isGivenFor(where, digest)) return this.#blobStore.open(digest, range);
    const key = `shared ${upstream} ${image} ${digest}`;
    const isGiven = await this.#settings.singleFlight.share(key, async () => {
      const has = await this.#hasLastByte(where, blob);
      if (has) await this.#cache.recordBlob({ upstream, image, digest });
      return has;
    });
    return isGiven ? this.#blobStore.open(digest, range) : undefined;
  }

  /** Whether the upstream gave the blob for this image. */
  async #isGivenFor({ upstream, image }: Where, digest: Digest): Promise<boolean> {
    const [row] = await this.#cache.findBlobs([upstream.name], image, digest);
    return row?.isHere === true;
  }

  async #hasLastByte(where: Where, { digest, sizeBytes }: VirtualBlob): Promise<boolean> {
    const source = this.#sources.open(where.upstream, where.registry);
    const found = await source.openBlob(where.image, digest, Math.max(0, sizeBytes - 1));
    found?.content.on('error', () => undefined).destroy();
    return found?.sizeBytes === sizeBytes;
  }

  async #bring(
    where: Where,
    blob: VirtualBlob,
    range: ByteRange | undefined,
  ): Promise<Readable | undefined> {
    const filled = await this.#fill.open({ ...this.#want(where, blob), ...(range && { range }) });
    if (!filled) return undefined;
    const { content } = filled;
    content.once('error', (error) => this.#sources.note(where.upstream.name, error));
    await firstSign(content);
    return content;
  }

  #want(where: Where, { digest, sizeBytes }: VirtualBlob): WantedContent {
    const { image, registry } = where;
    const upstream = where.upstream.name;
    const source = this.#sources.open(where.upstream, registry);
    const findKept = async () => {
      const asked = [this.#blobStore.find(digest), this.#isGivenFor(where, digest)] as const;
      const [stored, isGivenForIt] = await Promise.all(asked);
      return isGivenForIt ? stored : undefined;
    };
    return {
      digest,
      sizeBytes,
      source: (offset) => source.openBlob(image, digest, offset),
      origin: { name: originOf(where), findKept },
      onVerified: (_digest, size) =>
        this.#settings.singleFlight.share(`brought ${upstream} ${image} ${digest}`, async () => {
          await this.#cache.recordBlob({ upstream, image, digest });
          this.#settings.onBrought(registry, size);
        }),
    };
  }

  async #pass(
    { upstream, registry, image }: Where,
    { digest, sizeBytes }: VirtualBlob,
    range: ByteRange | undefined,
  ): Promise<Readable | undefined> {
    const source: Source = this.#sources.open(upstream, registry);
    const blob = await source.openBlob(image, digest, 0);
    if (!blob) return undefined;
    const content = passThrough(blob, { digest, sizeBytes, range });
    content.once('error', (error) => this.#sources.note(upstream.name, error));
    return content;
  }
}

/** Short, and of letters that the name of a staging may have; another one at another URL. */
function originOf({ upstream, image }: Where): string {
  return hexOf(digestOf(`${upstream.name} ${sourceOf(upstream)} ${image}`)).slice(0, 16);
}

/** Resolves when there is a byte, or the end; rejects where it fails before. */
async function firstSign(content: Readable): Promise<void> {
  if (content.readableLength > 0 || content.readableEnded) return;
  await once(content, 'readable');
}
