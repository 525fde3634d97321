/**
 * Where in the order of names the repositories lie that some patterns can cover.
 *
 *     acme/app     'acme/app' alone
 *     acme/**      'acme' alone, and all that begins with 'acme/'
 *     te*m/x       all that begins with 'te'
 */
import type { PathPattern } from '../../oci/path-pattern.ts';

/** Names from `low` on and before `high`; `likes` (for SQL's LIKE) cover what the patterns do. */
export interface NameRange {
  readonly low: string;
  readonly high: string;
  readonly likes: readonly string[];
}

/** Above every character of a name. */
const LAST = '~';

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

function toRanges(pattern: PathPattern): NameRange[] {
  if (!pattern.includes('*')) return [only(pattern)];
  const prefix = pattern.slice(0, pattern.indexOf('*'));
  const below = { low: prefix, high: prefix + LAST, likes: [toLike(pattern)] };
  if (!pattern.endsWith('/**')) return [below];
  const top = pattern.slice(0, -'/**'.length);
  if (!top.includes('*')) return [only(top), below];
  return [{ ...below, likes: [toLike(top), ...below.likes] }];
}

function only(name: string): NameRange {
  return { low: name, high: `${name}\u0001`, likes: [toLike(name)] };
}

function toLike(pattern: string): string {
  return pattern.replaceAll('_', '\\_').replaceAll(/\*+/g, '%');
}

function join(one: NameRange, other: NameRange): NameRange {
  const high = one.high > other.high ? one.high : other.high;
  return { low: one.low, high, likes: [...one.likes, ...other.likes] };
}
