/**
 * Which names of a branch somebody sees, as ranges of the order of names; where the ends do not say
 * it exactly, a regular expression does. It is made of a checked pattern alone, and of nothing that
 * a caller searches for.
 */
import { EVERYTHING, type PathPattern } from '../../../oci/path-pattern.ts';
import type { Branch } from '../../tree/tree.ts';
import { isEverything, type NameRange, rangesOf } from '../catalog-ranges.ts';

/** Names from `low` on and before `high` that the rule matches; '' matches all. */
export interface SeenRange {
  readonly low: string;
  readonly high: string;
  readonly rule: string;
}

/** Above every character of a name, and below every one. */
const LAST = '~';
const FIRST = '\u0001';

/** In order, none touching another. @param prefix of the names */
export function rangesOfBranch({ visible, path, isAlone }: Branch, prefix = ''): SeenRange[] {
  const patterns = visible.some(isEverything) ? [EVERYTHING] : visible;
  const seen = rangesOf(patterns).map(toSeen);
  const inTree = path === undefined ? seen : meet(seen, isAlone ? [aloneOf(path)] : treeOf(path));
  return prefix === '' ? inTree : meet(inTree, [{ low: prefix, high: prefix + LAST }]);
}

/** The first levels that names of a range have, from the one to the other. */
export function levelsOf({ low, high }: SeenRange, levels: number) {
  const cut = (name: string) => name.split('/').slice(0, levels).join('/');
  return { low: cut(low), high: cut(high) };
}

function treeOf(path: string): Omit<SeenRange, 'rule'>[] {
  return [aloneOf(path), { low: `${path}/`, high: `${path}/${LAST}` }];
}

function aloneOf(path: string): Omit<SeenRange, 'rule'> {
  return { low: path, high: path + FIRST };
}

function meet(ranges: readonly SeenRange[], others: readonly Omit<SeenRange, 'rule'>[]) {
  const parts = ranges.flatMap(({ low, high, rule }) =>
    others.map((other) => ({
      low: low > other.low ? low : other.low,
      high: high < other.high ? high : other.high,
      rule,
    })),
  );
  return parts.filter(({ low, high }) => low < high);
}

/** Ranges of plain patterns lie in one another or apart, so the largest says it all. */
function toSeen({ low, high, patterns }: NameRange): SeenRange {
  const rule = patterns.every(isPlain) ? '' : `^(?:${patterns.map(toRule).join('|')})$`;
  return { low, high, rule };
}

function isPlain(pattern: PathPattern): boolean {
  return isEverything(pattern) || !pattern.replace(/\/\*\*$/, '').includes('*');
}

/** Without anything that could be tried in several ways: linear in the name. */
function toRule(pattern: PathPattern): string {
  const fixed = pattern.replace(/\/\*\*$/, '');
  const text = fixed.replaceAll('.', '\\.').replaceAll('*', '[^/]*');
  return fixed === pattern ? text : `${text}(?:/.*)?`;
}
