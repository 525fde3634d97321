/**
 * Where in the order of names the repositories lie that some patterns can cover.
 *
 *     acme/app     'acme/app' alone
 *     acme/**      'acme' alone, and all that begins with 'acme/'
 *     te*m/x       all that begins with 'te'
 */
import { matchesPath, type PathPattern } from '../../oci/path-pattern.ts';

/** Names from `low` on and before `high`, and the patterns that may cover some of them. */
export interface NameRange {
  readonly low: string;
  readonly high: string;
  readonly patterns: readonly PathPattern[];
}

/** A pattern in the words of SQL's LIKE, which knows no levels: like the one, unlike the other. */
export interface Likeness {
  readonly like: string;
  readonly unlike: string;
}

/** Above every character of a name, and below every one. */
const LAST = '~';
const FIRST = '\u0001';

export function isEverything(pattern: PathPattern): boolean {
  return pattern === '**';
}

/** Ranges in order, none touching another. */
export function rangesOf(patterns: readonly PathPattern[]): NameRange[] {
  const ranges = patterns.flatMap(toRanges).sort((one, other) => (one.low < other.low ? -1 : 1));
  const merged: NameRange[] = [];
  for (const range of ranges) {
    const previous = merged.at(-1);
    if (previous && range.low < previous.high) merged[merged.length - 1] = join(previous, range);
    else merged.push(range);
  }
  return merged;
}

/** What lets the database sort out most names that no pattern of the ranges covers. */
export function likenessesOf(ranges: readonly NameRange[]): Likeness[] {
  return [...new Set(ranges.flatMap(({ patterns }) => patterns))].flatMap(toLikenesses);
}

/** Of names in the ranges, in order, those that a pattern covers. */
export function* filterCovered<Name extends string>(
  names: Iterable<Name>,
  ranges: readonly NameRange[],
): Generator<Name> {
  let nth = 0;
  for (const name of names) {
    while (nth < ranges.length && ranges[nth]!.high <= name) nth += 1;
    if (ranges[nth]?.patterns.some((pattern) => matchesPath(pattern, name))) yield name;
  }
}

function toRanges(pattern: PathPattern): NameRange[] {
  const patterns = [pattern];
  const only = (name: string): NameRange => ({ low: name, high: name + FIRST, patterns });
  if (!pattern.includes('*')) return [only(pattern)];
  const prefix = pattern.slice(0, pattern.indexOf('*'));
  const below = { low: prefix, high: prefix + LAST, patterns };
  const top = topOf(pattern);
  return top === undefined || top.includes('*') ? [below] : [only(top), below];
}

function toLikenesses(pattern: PathPattern): Likeness[] {
  const top = topOf(pattern);
  if (top === undefined) return [toLikeness(pattern)];
  // No name is like the empty text alone.
  return [toLikeness(top), { like: toLike(pattern), unlike: '' }];
}

/** What stands before the last `/**` of a pattern and is covered itself. */
function topOf(pattern: PathPattern): string | undefined {
  return pattern.endsWith('/**') ? pattern.slice(0, -'/**'.length) : undefined;
}

/** Unlike a name that has more levels than the pattern. */
function toLikeness(pattern: string): Likeness {
  return { like: toLike(pattern), unlike: `%${'/%'.repeat(pattern.split('/').length)}` };
}

function toLike(pattern: string): string {
  return pattern.replaceAll('_', '\\_').replaceAll(/\*+/g, '%');
}

function join(one: NameRange, other: NameRange): NameRange {
  const high = one.high > other.high ? one.high : other.high;
  return { low: one.low, high, patterns: [...one.patterns, ...other.patterns] };
}
