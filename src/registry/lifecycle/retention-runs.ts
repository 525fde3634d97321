/** Takes away the tags that no retention keeps: at night, and when an administrator says so. */
import type { Clock } from '../../clock.ts';
import type { Digest } from '../../oci/digest.ts';
import { type PolicyKey, patternOf, type TreePath } from '../../oci/lifecycle/policy.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';
import type { Catalog } from '../../storage/catalog.ts';
import { NameLeased } from '../../storage/failure.ts';
import type { Policies } from '../../storage/lifecycle/policies.ts';
import type { TagSweeps } from '../../storage/lifecycle/tag-sweeps.ts';

interface Dependencies {
  readonly policies: Pick<Policies, 'list'>;
  readonly tagSweeps: TagSweeps;
  readonly catalog: Pick<Catalog, 'listRepositories'>;
  readonly clock: Pick<Clock, 'now'>;
}

export interface RetentionRun {
  /** Only says what would go. */
  readonly isDryRun: boolean;
  /** Only what lies at or below this path, whichever policies speak of it. */
  readonly path?: TreePath;
  /** The run ends when so many tags went, or would. */
  readonly limit?: number;
  readonly signal?: AbortSignal;
}

export interface RetentionReport {
  readonly isDryRun: boolean;
  /** By repository and name. */
  readonly tags: readonly {
    readonly repository: RepositoryName;
    readonly tag: Tag;
    readonly digest: Digest;
  }[];
  /** How many repositories were looked at. */
  readonly repositories: number;
  /** Names that are being moved now: looked at by the next run. */
  readonly passedOver: readonly RepositoryName[];
  /** False where there is more. */
  readonly isWhole: boolean;
}

/** No account has such a name. */
const ACTOR = 'retention';

const PAGE = 500;
/** So many tags of a repository go in one transaction. */
const BATCH = 500;
/** A run remembers what it did, so it ends some time. */
const MOST = 100_000;

export class RetentionRuns {
  readonly #policies: Dependencies['policies'];
  readonly #tagSweeps: Dependencies['tagSweeps'];
  readonly #catalog: Dependencies['catalog'];
  readonly #clock: Dependencies['clock'];

  constructor({ policies, tagSweeps, catalog, clock }: Dependencies) {
    this.#policies = policies;
    this.#tagSweeps = tagSweeps;
    this.#catalog = catalog;
    this.#clock = clock;
  }

  /** Idempotent: what a dry run shows is what a run takes, as long as nothing else changes. */
  async run({ isDryRun, path, limit = MOST, signal }: RetentionRun): Promise<RetentionReport> {
    const at = this.#clock.now();
    const tags: RetentionReport['tags'][number][] = [];
    const passedOver: RepositoryName[] = [];
    let repositories = 0;
    for await (const repository of this.#listRepositories(path)) {
      if (tags.length >= limit || signal?.aborted) {
        return { isDryRun, tags, repositories, passedOver, isWhole: false };
      }
      repositories += 1;
      try {
        tags.push(...(await this.#sweep(repository, { at, isDryRun })));
      } catch (error) {
        if (!(error instanceof NameLeased)) throw error;
        passedOver.push(repository);
      }
    }
    return { isDryRun, tags, repositories, passedOver, isWhole: true };
  }

  /** Batch by batch: what was pushed between two of them is seen by the next. */
  async #sweep(
    repository: RepositoryName,
    options: { readonly at: Date; readonly isDryRun: boolean },
  ): Promise<RetentionReport['tags']> {
    const gone: RetentionReport['tags'][number][] = [];
    for (;;) {
      const sweep = { ...options, repository, limit: BATCH, actor: ACTOR };
      const { tags, isWhole } = await this.#tagSweeps.sweep(sweep);
      gone.push(...tags.map((tag) => ({ repository, ...tag })));
      if (isWhole) return gone;
    }
  }

  async *#listRepositories(path: TreePath | undefined): AsyncGenerator<RepositoryName> {
    const patterns = (await this.#listPaths(path)).map(patternOf);
    for (let after: RepositoryName | undefined; patterns.length > 0; ) {
      const cursor = after === undefined ? {} : { after };
      const page = await this.#catalog.listRepositories(patterns, { limit: PAGE, ...cursor });
      yield* page;
      after = page.at(-1);
      if (page.length < PAGE) return;
    }
  }

  /** Of the policies, as far as they lie in the tree that is asked for. */
  async #listPaths(within: TreePath | undefined): Promise<TreePath[]> {
    const paths = new Set<TreePath>();
    for (let after: PolicyKey | undefined; ; ) {
      const cursor = after === undefined ? {} : { after };
      const page = await this.#policies.list({ kind: 'retention', limit: PAGE, ...cursor });
      for (const { path } of page) paths.add(path);
      after = page.at(-1);
      if (page.length < PAGE) break;
    }
    if (within === undefined) return [...paths];
    if ([...paths].some((path) => isAtOrBelow(within, path))) return [within];
    return [...paths].filter((path) => isAtOrBelow(path, within));
  }
}

function isAtOrBelow(path: TreePath, other: TreePath): boolean {
  return other === '' || path === other || path.startsWith(`${other}/`);
}
