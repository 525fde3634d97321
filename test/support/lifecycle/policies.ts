/** Policies as tests set them. */
import {
  type KeepRules,
  type Policy,
  type Protection,
  parseTreePath,
  type Quota,
  type Retention,
  type TreePath,
} from '../../../src/oci/lifecycle/policy.ts';
import { parseTagPattern, type TagPattern } from '../../../src/oci/lifecycle/tag-pattern.ts';

export function treePath(text: string): TreePath {
  return parseTreePath(text)!;
}

function patterns(tags: readonly string[]): TagPattern[] {
  return tags.map((tag) => parseTagPattern(tag)!);
}

interface Named {
  readonly path?: string;
  readonly name?: string;
  readonly tags?: readonly string[];
}

export function immutable({ path = 'acme', name = 'releases', tags = ['v*'] }: Named = {}) {
  const rule = { isImmutable: true, accounts: [], groups: [], tags: patterns(tags) };
  return { kind: 'protection', path: treePath(path), name, ...rule } satisfies Protection;
}

export function protectedFor(
  accounts: readonly string[],
  { path = 'acme', name = 'main', tags = ['latest'] }: Named = {},
) {
  const rule = { isImmutable: false, accounts, groups: [], tags: patterns(tags) };
  return { kind: 'protection', path: treePath(path), name, ...rule } satisfies Protection;
}

export function quota(path: string, limitBytes: number): Quota {
  return { kind: 'quota', path: treePath(path), name: '', limitBytes };
}

export function retention(
  keep: KeepRules,
  { path = 'acme', name = 'old', tags = ['*'] }: Named = {},
): Retention {
  return { kind: 'retention', path: treePath(path), name, tags: patterns(tags), keep };
}

export type { Policy };
