/**
 * What there is to copy: every manifest that the site lacks, with what it names first, and every
 * tag that is not there or points elsewhere. What the site has is the only note that is kept of an
 * import, so one that was killed goes on by asking again.
 */
import type { Digest } from '../../oci/digest.ts';
import { inLanes } from './lanes.ts';
import type { ReadManifest, RegistryReader, SizedBlob } from './source.ts';

export interface PlannedManifest {
  readonly digest: Digest;
  readonly blobs: readonly SizedBlob[];
}

/** What one repository lacks. */
export interface PlannedRepository {
  readonly from: string;
  readonly to: string;
  /** In an order in which they can be pushed. */
  readonly manifests: readonly PlannedManifest[];
  readonly tags: readonly { readonly name: string; readonly digest: Digest }[];
  /** Tags that were there already. */
  readonly tagsThere: number;
}

export interface Failure {
  readonly repository: string;
  /** A tag or a digest; absent where the whole repository could not be read. */
  readonly reference?: string;
  readonly reason: string;
}

export interface Plan {
  readonly repositories: readonly PlannedRepository[];
  /** Where at the site each blob is, or will be first: from there others mount it. */
  readonly homes: Map<Digest, string>;
  /** Blobs that are at the site already. */
  readonly present: Set<Digest>;
  readonly failures: Failure[];
}

export interface SurveyOptions {
  readonly source: RegistryReader;
  readonly target: RegistryReader;
  readonly repositories: readonly { readonly from: string; readonly to: string }[];
  readonly lanes: number;
  readonly onRepository?: () => void;
}

export async function survey(options: SurveyOptions): Promise<Plan> {
  const plan: Plan = { repositories: [], homes: new Map(), present: new Set(), failures: [] };
  const found = new Map<string, PlannedRepository>();
  await inLanes(options.lanes, options.repositories, async (place) => {
    const walk = new RepositoryWalk(options, place, plan);
    found.set(place.from, await walk.run());
    options.onRepository?.();
  });
  // Sorted, so that a later run gives each blob the same home.
  const repositories = options.repositories.flatMap(({ from }) => found.get(from) ?? []);
  for (const { to, manifests } of repositories) {
    const blobs = manifests.flatMap((manifest) => manifest.blobs);
    for (const { digest } of blobs) if (!plan.homes.has(digest)) plan.homes.set(digest, to);
  }
  return { ...plan, repositories };
}

/** One repository, from its tags down. */
class RepositoryWalk {
  readonly #options: SurveyOptions;
  readonly #place: { readonly from: string; readonly to: string };
  readonly #plan: Plan;
  readonly #manifests: PlannedManifest[] = [];
  readonly #seen = new Set<Digest>();

  constructor(options: SurveyOptions, place: RepositoryWalk['place'], plan: Plan) {
    this.#options = options;
    this.#place = place;
    this.#plan = plan;
  }

  get place() {
    return this.#place;
  }

  async run(): Promise<PlannedRepository> {
    const { source, target } = this.#options;
    const { from, to } = this.#place;
    const tags: { name: string; digest: Digest }[] = [];
    let tagsThere = 0;
    await this.#orNote(undefined, async () => {
      for await (const name of source.listTags(from)) {
        await this.#orNote(name, async () => {
          const digest = await source.findDigest(from, name);
          if (!digest) return;
          await this.#visit(digest);
          const isThere = (await target.findDigest(to, name)) === digest;
          if (isThere) tagsThere += 1;
          else tags.push({ name, digest });
        });
      }
    });
    return { ...this.#place, manifests: this.#manifests, tags, tagsThere };
  }

  /** What it names comes before it; who names it as a subject comes behind. */
  async #visit(digest: Digest): Promise<void> {
    if (this.#seen.has(digest)) return;
    this.#seen.add(digest);
    const { source } = this.#options;
    const { manifest, isThere } = await this.#read(digest);
    for (const child of manifest.children) await this.#visit(child);
    if (isThere) this.#learn(manifest);
    else this.#manifests.push({ digest, blobs: manifest.blobs });
    for (const referrer of await source.listReferrers(this.#place.from, digest)) {
      await this.#visit(referrer);
    }
  }

  async #read(digest: Digest): Promise<{ manifest: ReadManifest; isThere: boolean }> {
    const { source, target } = this.#options;
    const isThere = (await target.findDigest(this.#place.to, digest)) !== undefined;
    const [reader, name] = isThere ? [target, this.#place.to] : [source, this.#place.from];
    return { manifest: await reader.readManifest(name, digest), isThere };
  }

  #learn({ blobs }: ReadManifest): void {
    for (const { digest } of blobs) {
      this.#plan.present.add(digest);
      this.#plan.homes.set(digest, this.#place.to);
    }
  }

  /** One image that cannot be read keeps no other from being copied. */
  async #orNote(reference: string | undefined, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const reason = (error as Error).message;
      const what = reference === undefined ? {} : { reference };
      this.#plan.failures.push({ repository: this.#place.from, ...what, reason });
    }
  }
}
