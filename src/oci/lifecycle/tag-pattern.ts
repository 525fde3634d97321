/**
 * Patterns of tags: `v1.2` is that tag alone, `*` in it stands for any characters. Upper and lower
 * case are different letters, as they are in tags. Matching is linear in pattern and tag: no
 * regular expression is ever made of a user's text (A8).
 */
import { matchesLevel } from '../path-pattern.ts';
import type { Tag } from '../reference.ts';

declare const checked: unique symbol;

export type TagPattern = string & { readonly [checked]: 'tag pattern' };

/** Not longer than a tag; a star may stand for nothing. */
const PATTERN = /^[a-zA-Z0-9_*][a-zA-Z0-9._*-]{0,127}$/;

/** Gives the text as a pattern, or `undefined`. */
export function parseTagPattern(text: string): TagPattern | undefined {
  return PATTERN.test(text) && !text.includes('**') ? (text as TagPattern) : undefined;
}

/** Whether one of the patterns covers the tag. */
export function coversTag(patterns: readonly TagPattern[], tag: Tag): boolean {
  return patterns.some((pattern) => matchesLevel(pattern, tag));
}
