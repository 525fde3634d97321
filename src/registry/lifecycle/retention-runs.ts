/** Takes away the tags that no retention keeps: at night, and when an administrator says so. */
import type { Log } from '../../log.ts';
import type { Digest } from '../../oci/digest.ts';
import { type PolicyKey, patternOf, type TreePath } from '../../oci/lifecycle/policy.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';
import type { Catalog } from '../../storage/catalog.ts';
import { NameLeased, NotPrimary } from '../../storage/failure.ts';
import type { Policies } from '../../storage/lifecycle/policies.ts';
import type { TagSweeps } from '../../storage/lifecycle/tag-sweeps.ts';

interface Dependencies {
  readonly policies: Pick<Policies, 'list'>;
  readonly tagSweeps: TagSweeps;
  readonly catalog: Pick<Catalog, 'listRepositories'>;
  /** By which moment ages count, and which sites may have pulls that are not known here. */
  readonly pullsTold: {
    read(): Promise<{ readonly at: Date; readonly lateSites: readonly string[] }>;
  };
}

export interface RetentionRun {
  /** Only says what would go. */
  readonly isDryRun: boolean;
  /** Only what lies at or below this path, whichever policies speak of it. */
  readonly path?: TreePath;
  /** The run ends when so many tags went, or would. */
  readonly limit?: number;
  /** Is told why a repository failed. */
  readonly log: Pick<Log, 'error'>;
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
  /** What could not be looked at, or not to the end: tried again by the next run. */
  readonly failed: readonly RepositoryName[];
  /** Sites whose pulls are not all known: retentions that go by pulls took nothing meanwhile. */
  readonly awaitedSites: readonly string[];
  /** False where there is more. */
  readonly isWhole: boolean;
}

/** No account has such a name. */
const ACTOR = 'retention';

const PAGE = 500;
/**
 * So many tags of a repository go in one transaction. All its tags are read for each: they are
 * ranked against each other.
 */
const BATCH = 5000;
/** A run remembers what it did, so it ends some time. */
const MOST = 100_000;
/** Where so many fail, it is not for a reason of their own, and each may have been waited for. */
const MOST_FAILED = 20;

/** What one run found so far. */
class Findings {
  readonly tags: RetentionReport['tags'][number][] = [];
  readonly passedOver: RepositoryName[] = [];
  readonly failed: RepositoryName[] = [];
  readonly awaitedSites = new Set<string>();
  repositories = 0;

  report(isDryRun: boolean, isWhole: boolean): RetentionReport {
    const { tags, repositories, passedOver, failed } = this;
    const awaitedSites = [...this.awaitedSites].toSorted();
    return { isDryRun, tags, repositories, passedOver, failed, awaitedSites, isWhole };
  }
}

export class RetentionRuns {
  readonly #policies: Dependencies['policies'];
  readonly #tagSweeps: Dependencies['tagSweeps'];
  readonly #catalog: Dependencies['catalog'];
  readonly #pullsTold: Dependencies['pullsTold'];

  constructor({ policies, tagSweeps, catalog, pullsTold }: Dependencies) {
    this.#policies = policies;
    this.#tagSweeps = tagSweeps;
    this.#catalog = catalog;
    this.#pullsTold = pullsTold;
  }

  /**
   * Idempotent: what a dry run shows is what a run takes, as long as nothing else changes. What
   * fails for one repository does not keep the run from the others.
   */
  async run({ path, log, ...options }: RetentionRun): Promise<RetentionReport> {
    const { isDryRun, limit = MOST, signal } = options;
    const findings = new Findings();
    const { failed } = findings;
    for await (const repository of this.#listRepositories(path)) {
      const isFull = findings.tags.length >= limit || failed.length >= MOST_FAILED;
      if (isFull || signal?.aborted) return findings.report(isDryRun, false);
      findings.repositories += 1;
      try {
        const isWhole = await this.#sweep(repository, { ...options, limit }, findings);
        if (!isWhole) return findings.report(isDryRun, false);
      } catch (error) {
        if (error instanceof NotPrimary) throw error;
        if (error instanceof NameLeased) findings.passedOver.push(repository);
        else {
          findings.failed.push(repository);
          log.error({ err: error, repository }, 'tags that nobody keeps could not be deleted');
        }
      }
    }
    return findings.report(isDryRun, true);
  }

  /**
   * Batch by batch: what was pushed between two of them is seen by the next.
   * @returns whether it came to the end
   */
  async #sweep(
    repository: RepositoryName,
    { isDryRun, limit, signal }: Pick<RetentionRun, 'isDryRun' | 'signal'> & { limit: number },
    { tags: found, awaitedSites }: Findings,
  ): Promise<boolean> {
    for (;;) {
      const { at, lateSites } = await this.#pullsTold.read();
      for (const site of lateSites) awaitedSites.add(site);
      const left = limit - found.length;
      const { tags, isWhole } = await this.#tagSweeps.sweep({
        repository,
        isDryRun,
        at,
        arePullsKnown: lateSites.length === 0,
        limit: Math.min(BATCH, left),
        actor: ACTOR,
      });
      found.push(...tags.slice(0, left).map((tag) => ({ repository, ...tag })));
      if (isWhole) return tags.length <= left;
      if (found.length >= limit || signal?.aborted) return false;
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
