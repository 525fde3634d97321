/**
 * Policies: what an administrator sets at a path of the tree of names, for all that lies at or
 * below it. A *protection* says which tags stay as they are, a *retention* which tags need not be
 * kept, a *quota* how much room there is.
 */
import { EVERYTHING, type PathPattern, parsePathPattern } from '../path-pattern.ts';
import { parseRepositoryName, type RepositoryName } from '../reference.ts';
import type { TagPattern } from './tag-pattern.ts';

declare const checked: unique symbol;

/** A group, a project, a repository or any level between; '' is the whole registry. */
export type TreePath = string & { readonly [checked]: 'tree path' };

export const POLICY_KINDS = ['protection', 'retention', 'quota'] as const;
export type PolicyKind = (typeof POLICY_KINDS)[number];

/** By which it is known. A path has one quota at most, and its name is ''. */
export interface PolicyKey {
  readonly kind: PolicyKind;
  readonly path: TreePath;
  readonly name: string;
}

export interface Protection extends PolicyKey {
  readonly kind: 'protection';
  readonly tags: readonly TagPattern[];
  /** Created once, then neither moved nor deleted, by nobody. */
  readonly isImmutable: boolean;
  /** Where it is not immutable: who alone may create, move and delete such tags. */
  readonly accounts: readonly string[];
  /** The members of these may, too. */
  readonly groups: readonly string[];
}

/** A tag is kept where one of these says so, and goes where none does. */
export interface KeepRules {
  /** So many of those that were pushed last. */
  readonly lastPushed?: number;
  /** So many of those that were pulled last; what was never pulled counts from its push. */
  readonly lastPulled?: number;
  readonly pushedWithinDays?: number;
  readonly pulledWithinDays?: number;
}

/** Whether what is kept goes by pulls, too. */
export function countsPulls({ lastPulled, pulledWithinDays }: KeepRules): boolean {
  return lastPulled !== undefined || pulledWithinDays !== undefined;
}

export interface Retention extends PolicyKey {
  readonly kind: 'retention';
  /** Of which tags it speaks. */
  readonly tags: readonly TagPattern[];
  readonly keep: KeepRules;
}

export interface Quota extends PolicyKey {
  readonly kind: 'quota';
  readonly limitBytes: number;
}

export type Policy = Protection | Retention | Quota;

/** More than this of one kind at one path are refused. */
export const MAX_POLICIES_PER_PATH = 20;

export function parseTreePath(text: string): TreePath | undefined {
  return text === '' ? ('' as TreePath) : (parseRepositoryName(text) as TreePath | undefined);
}

/** The paths whose policies cover the repository, from the whole registry down to itself. */
export function pathsAbove(repository: RepositoryName): TreePath[] {
  const levels = repository.split('/');
  const paths = levels.map((_, index) => levels.slice(0, index + 1).join('/'));
  return ['', ...paths] as TreePath[];
}

export function isInTree(repository: RepositoryName, path: string): boolean {
  return path === '' || repository === path || repository.startsWith(`${path}/`);
}

/** The pattern for what lies at or below the path. */
export function patternOf(path: TreePath): PathPattern {
  return path === '' ? EVERYTHING : parsePathPattern(`${path}/**`)!;
}

/** How people are told of a policy's place. */
export function printPath(path: TreePath): string {
  return path === '' ? 'the whole registry' : path;
}
