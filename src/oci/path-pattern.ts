/**
 * Path patterns: which repositories a grant, a setting or a selection speaks of.
 *
 *     acme/app      that repository alone
 *     acme/*        one level below acme (`*` stands for any characters of one level)
 *     acme/**       everything below acme, at any depth, and acme itself
 *     **            every repository
 *
 * Matching is linear in pattern and name: no regular expression is ever made of a user's text (A8).
 */

declare const checked: unique symbol;

export type PathPattern = string & { readonly [checked]: 'pattern' };

/** Covers every repository. */
export const EVERYTHING = '**' as PathPattern;

const MAX_LENGTH = 255;
const LEVEL = /^(?:\*\*|[a-z0-9._*-]+)$/;

/** Gives the text as a pattern, or `undefined`; `**` may stand at the end only. */
export function parsePathPattern(text: string): PathPattern | undefined {
  if (text.length === 0 || text.length > MAX_LENGTH) return undefined;
  const levels = text.split('/');
  const isValid = levels.every(
    (level, index) =>
      LEVEL.test(level) &&
      (!level.includes('**') || (level === '**' && index === levels.length - 1)),
  );
  return isValid ? (text as PathPattern) : undefined;
}

/** Whether the pattern covers the path. */
export function matchesPath(pattern: PathPattern, path: string): boolean {
  const { levels: fixed, isDeep } = splitPattern(pattern);
  const levels = path.split('/');
  if (isDeep ? levels.length < fixed.length : levels.length !== fixed.length) return false;
  return fixed.every((level, index) => matchesLevel(level, levels[index]!));
}

/**
 * The pattern for what both cover, or `undefined` for nothing. Where two different globs meet in
 * one level (`a*` and `*b`) the answer is `undefined` too: less than both cover, never more.
 */
export function intersectPatterns(one: PathPattern, other: PathPattern): PathPattern | undefined {
  const [a, b] = [splitPattern(one), splitPattern(other)];
  const [short, long] = a.levels.length <= b.levels.length ? [a, b] : [b, a];
  if (short.levels.length < long.levels.length && !short.isDeep) return undefined;
  const levels = long.levels.map((level, index) => {
    const limit = short.levels[index];
    return limit === undefined ? level : intersectLevels(level, limit);
  });
  if (!levels.every((level) => level !== undefined)) return undefined;
  const isDeep = long.isDeep && short.isDeep;
  return [...levels, ...(isDeep ? ['**'] : [])].join('/') as PathPattern;
}

function splitPattern(pattern: PathPattern): { levels: string[]; isDeep: boolean } {
  const levels = pattern.split('/');
  return levels.at(-1) === '**'
    ? { levels: levels.slice(0, -1), isDeep: true }
    : { levels, isDeep: false };
}

function intersectLevels(one: string, other: string): string | undefined {
  if (one === other || other === '*') return one;
  if (one === '*') return other;
  if (!one.includes('*') && matchesLevel(other, one)) return one;
  return !other.includes('*') && matchesLevel(one, other) ? other : undefined;
}

/**
 * Whether a text without slashes fits, where `*` stands for any characters. Greedy match of the
 * pieces between stars: leftmost fit for each, which is enough for globs.
 */
export function matchesLevel(level: string, text: string): boolean {
  const pieces = level.split('*');
  if (pieces.length === 1) return level === text;
  const [first, last] = [pieces[0]!, pieces.at(-1)!];
  if (text.length < first.length + last.length) return false;
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const at = text.indexOf(piece, from);
    if (at === -1 || at + piece.length > text.length - last.length) return false;
    from = at + piece.length;
  }
  return true;
}
