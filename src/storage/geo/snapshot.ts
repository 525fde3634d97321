/**
 * PORT: all facts of a site as they stand, in ranges of their keys: taken over page by page by a
 * site whose position the change log has forgotten, and compared by checksums, with the rows that
 * differ set right.
 *
 * A page covers its range of keys, behind `after` up to `through`, completely. Pages are read at
 * different times; whoever takes them all, and then the log from where it stood before the first,
 * has what the primary has, since facts may be written again.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Digest } from '../../oci/digest.ts';
import type { PolicyKey } from '../../oci/lifecycle/policy.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';

/** In this order, what a row refers to is there before it. */
export const SNAPSHOT_PARTS = [
  'sites',
  'accounts',
  'tokens',
  'upstreams',
  'virtual-registries',
  'policies',
  'repositories',
  'links',
  'manifests',
  'tags',
] as const;
export type SnapshotPart = (typeof SNAPSHOT_PARTS)[number];

/** One name, or a repository and a name in it, or path, kind and name of a policy. */
export type SnapshotKey = readonly string[];

export interface SnapshotRow {
  readonly key: SnapshotKey;
  /** As the change log writes it down; a repository has no fact of its own. */
  readonly fact?: { readonly kind: string };
}

/** Keys behind `after` up to `through`; open where one is absent. */
export interface KeyRange {
  readonly after?: SnapshotKey;
  readonly through?: SnapshotKey;
}

/** A range with what its rows come to. */
export interface Stretch extends KeyRange {
  readonly rows: number;
  /**
   * 64 bits over what each row says; of a manifest also over the SHA-256 of its bytes as they are
   * read now. Equal at two sites where the rows are and both come to it in the same way
   * (`Snapshot.readHashing`). It finds damage, and proves nothing against who means harm.
   */
  readonly checksum: string;
}

export interface SnapshotPage {
  readonly part: SnapshotPart;
  /** Absent on the first page. */
  readonly after?: SnapshotKey;
  /** Key of the last row; absent where the page has none, and covers all that might follow. */
  readonly through?: SnapshotKey;
  readonly rows: readonly SnapshotRow[];
}

/** A page, and the position of the log that the rows on it are exactly at. */
export interface PlacedPage extends SnapshotPage {
  readonly position: number;
}

/** A row that was not as the primary's. */
export interface Difference {
  readonly key: SnapshotKey;
  readonly kind: 'missing' | 'wrong' | 'extra';
}

export interface Repair {
  /** What was wrong here and now is right. */
  readonly differences: readonly Difference[];
  /** False where rows are left of which nothing could be said: read the range again. */
  readonly isSettled: boolean;
}

export interface Snapshot {
  read(part: SnapshotPart, after?: SnapshotKey): Promise<SnapshotPage>;

  /** How checksums are made here; those of two sites are compared only where it is the same. */
  readHashing(): Promise<string>;

  /**
   * Cuts a range into stretches of so many rows, one behind the other. The last one ends where the
   * range does; or before it, where the range has more than is looked through at once.
   */
  cut(part: SnapshotPart, range: KeyRange, rows: number): Promise<Stretch[]>;

  /** The checksum of each range. */
  sum(part: SnapshotPart, ranges: readonly KeyRange[]): Promise<string[]>;

  /** The first rows of a range; the page ends behind them, or with the range. */
  readRange(part: SnapshotPart, range: KeyRange): Promise<PlacedPage>;

  /**
   * At a secondary: makes the rows of ranges what the primary's pages say, in one transaction: the
   * disk is waited for once. A row counts as a difference only where no change between the page's
   * position and this site's own touched it, so what is under way is never taken for damage; where
   * this site has not applied that position yet, or forgot what came behind it, nothing is done for
   * that page. Whoever remembers facts is told to forget them (`LogHead.repairs`).
   *
   * @returns what was done for each page
   */
  repair(pages: readonly PlacedPage[]): Promise<Repair[]>;

  /**
   * At a secondary: makes the range of the page what the page says, in one transaction. Rows that
   * it does not list are deleted; a tag whose manifest is not here is passed over. What is whole
   * here of its manifests is told to the primary again.
   *
   * @param page may say the position of the log that its rows are no older than
   * @throws Error where this site is further than that: another of its processes leads by now
   */
  replace(page: SnapshotPage & { readonly position?: number }): Promise<void>;
}

/** The fact that takes a row away. */
export function removalOf(part: SnapshotPart, [first, second, third]: SnapshotKey) {
  const repository = first as RepositoryName;
  const digest = second as Digest;
  const actor = '';
  switch (part) {
    case 'sites':
      return { kind: 'site-deleted', name: first! } as const;
    case 'accounts':
      return { kind: 'account-deleted', name: first! } as const;
    case 'tokens':
      return { kind: 'access-token-deleted', id: first! } as const;
    case 'upstreams':
      return { kind: 'upstream-deleted', name: first! } as const;
    case 'virtual-registries':
      return { kind: 'virtual-registry-deleted', name: first! } as const;
    case 'policies':
      return {
        kind: 'policy-deleted',
        policy: { path: first, kind: second, name: third } as PolicyKey,
      } as const;
    case 'repositories':
      return { kind: 'repository-deleted', repository, actor } as const;
    case 'links':
      return { kind: 'blob-unlinked', repository, digest, actor } as const;
    case 'manifests':
      return { kind: 'manifest-deleted', repository, digest, actor } as const;
    default:
      return { kind: 'tag-deleted', repository, tag: second as Tag, actor } as const;
  }
}

/** Of a fact, what says which rows it writes. */
interface Touching {
  readonly kind: string;
  readonly repository?: string;
  readonly digest?: string;
  readonly tag?: string;
  readonly tags?: readonly string[];
}

/** Whether the fact may have written the row; a little too often rather than once too seldom. */
export function touches(fact: Touching, part: SnapshotPart, [first, second]: SnapshotKey): boolean {
  if (fact.kind.startsWith('site-')) return part === 'sites';
  if (fact.kind === 'cache-purged') return false;
  if (fact.kind.startsWith('policy-')) return part === 'policies';
  // Upstreams are taken out of registries, and hosts pass from one to another.
  if (/^(?:upstream|virtual-registry)-/.test(fact.kind)) {
    return part === 'upstreams' || part === 'virtual-registries';
  }
  if (fact.repository === undefined) return part === 'accounts' || part === 'tokens';
  if (fact.repository !== first) return false;
  if (fact.kind === 'repository-deleted') return true;
  const isWhole = fact.kind === 'manifest-deleted';
  switch (part) {
    case 'repositories':
      return true;
    case 'tags':
      return isWhole || fact.tag === second || fact.tags?.includes(second!) === true;
    default:
      return fact.digest === second;
  }
}

/** What of the own rows is not as on the page, but for rows that one of the facts touched. */
export function compareRows(
  { part, rows }: SnapshotPage,
  own: readonly SnapshotRow[],
  facts: readonly Touching[],
): { readonly differences: readonly Difference[]; readonly isSure: boolean } {
  const theirs = new Map(rows.map((row) => [row.key.join(' '), row]));
  const ours = new Map(own.map((row) => [row.key.join(' '), row]));
  const extra = own.filter(({ key }) => !theirs.has(key.join(' ')));
  const found: Difference[] = extra.map(({ key }) => ({ key, kind: 'extra' }));
  for (const { key, fact } of rows) {
    const here = ours.get(key.join(' '));
    if (!here) found.push({ key, kind: 'missing' });
    else if (!isDeepStrictEqual(asSent(here.fact), asSent(fact)))
      found.push({ key, kind: 'wrong' });
  }
  const isOpen = ({ key }: Difference) => facts.some((fact) => touches(fact, part, key));
  const differences = found.filter((difference) => !isOpen(difference));
  return { differences, isSure: differences.length === found.length };
}

/** As it is after its way over the line: times are texts there. */
function asSent(fact: unknown): unknown {
  return fact === undefined ? undefined : JSON.parse(JSON.stringify(fact));
}
