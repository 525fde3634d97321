/** Brings back what was collected, for as long as the bin holds it. */
import type { Digest } from '../../oci/digest.ts';
import { outlineOf, parseManifest } from '../../oci/manifest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type {
  BinFilter,
  Collected,
  CollectedLink,
  CollectedManifest,
  GarbageBin,
} from '../../storage/garbage-bin.ts';
import type { Metadata } from '../../storage/metadata.ts';
import type { BlobLinks } from '../blob-links.ts';

interface Dependencies {
  readonly bin: Pick<GarbageBin, 'list' | 'find' | 'remove'>;
  readonly metadata: Pick<Metadata, 'recordManifest'>;
  readonly blobLinks: Pick<BlobLinks, 'link'>;
}

export interface Restored {
  readonly links: number;
  readonly manifests: number;
  /** Whose bytes, or whose content, are gone for good. */
  readonly tooLate: number;
}

const PAGE = 500;

export class Restorer {
  readonly #bin: Dependencies['bin'];
  readonly #metadata: Dependencies['metadata'];
  readonly #blobLinks: Dependencies['blobLinks'];

  constructor({ bin, metadata, blobLinks }: Dependencies) {
    this.#bin = bin;
    this.#metadata = metadata;
    this.#blobLinks = blobLinks;
  }

  /**
   * Links and manifests become facts again, as if they were pushed just now; so they are collected
   * again where nobody uses them until then. Idempotent.
   */
  async bringBack(filter: BinFilter, actor: string): Promise<Restored> {
    const links = await this.#bringAll('link', filter, (link) => this.#bringLink(link, actor));
    const manifests = await this.#bringAll('manifest', filter, (manifest) =>
      this.#bringManifest(manifest, actor),
    );
    const tooLate = links.tooLate + manifests.tooLate;
    return { links: links.count, manifests: manifests.count, tooLate };
  }

  async #bringAll<Kind extends Collected['kind']>(
    kind: Kind,
    filter: BinFilter,
    bring: (one: Extract<Collected, { kind: Kind }>) => Promise<boolean>,
  ): Promise<{ readonly count: number; readonly tooLate: number }> {
    let [count, tooLate] = [0, 0];
    for (let after: Collected | undefined; ; ) {
      const cursor = after === undefined ? {} : { after };
      const page = await this.#bin.list(kind, { ...filter, limit: PAGE, ...cursor });
      for (const one of page) {
        if (await bring(one)) count += 1;
        else tooLate += 1;
      }
      after = page.at(-1);
      if (page.length < PAGE) return { count, tooLate };
    }
  }

  /** @returns whether its bytes are still there. */
  async #bringLink(collected: CollectedLink, actor: string): Promise<boolean> {
    const { repository, digest, sizeBytes } = collected;
    const isLinked = await this.#blobLinks.link({ repository, digest, sizeBytes, actor });
    if (isLinked) await this.#bin.remove(collected);
    return isLinked;
  }

  /** With what it names, whichever run took that. */
  async #bringManifest(collected: CollectedManifest, actor: string): Promise<boolean> {
    const { repository, digest, mediaType, content } = collected;
    const outline = outlineOf(parseManifest(content, mediaType));
    const manifest = { digest, mediaType, content, ...outline };
    const put = { repository, manifest, tags: [], mayOverwrite: false, actor };
    let outcome = await this.#metadata.recordManifest(put);
    if (outcome.kind === 'missing') {
      for (const missing of outcome.digests) {
        if (!(await this.#bringMissing(repository, missing, actor))) return false;
      }
      outcome = await this.#metadata.recordManifest(put);
    }
    if (outcome.kind !== 'recorded') return false;
    await this.#bin.remove(collected);
    return true;
  }

  async #bringMissing(repository: RepositoryName, digest: Digest, actor: string): Promise<boolean> {
    const where = { repository, digest };
    const link = await this.#bin.find('link', where);
    if (link?.kind === 'link') return this.#bringLink(link, actor);
    const child = await this.#bin.find('manifest', where);
    return child?.kind === 'manifest' && (await this.#bringManifest(child, actor));
  }
}
