/**
 * Names of repositories and tags, and what stands for a manifest in a URL.
 *
 * > `<name>` … MUST match `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*`
 * > (distribution-spec, "Pulling manifests")
 */
import { type Digest, parseDigest } from './digest.ts';

declare const checked: unique symbol;

/** The full path of a repository, any number of levels, checked. */
export type RepositoryName = string & { readonly [checked]: 'repository' };

/** A tag, checked. */
export type Tag = string & { readonly [checked]: 'tag' };

/** What a client may write for a manifest: a tag, or a digest. Never both (A4). */
export type Reference =
  | { readonly kind: 'tag'; readonly tag: Tag }
  | { readonly kind: 'digest'; readonly digest: Digest };

/**
 * > Many clients impose a limit of 255 characters on the length of the concatenation of the
 * > registry hostname (and optional port), `/`, and `<name>` value.
 *
 * The host is not ours to know, so the name alone is bound by the same number.
 */
const MAX_NAME_LENGTH = 255;

const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;

/** Gives the text as a repository name, or `undefined`. Linear in the length of the text. */
export function parseRepositoryName(text: string): RepositoryName | undefined {
  if (text.length === 0 || text.length > MAX_NAME_LENGTH) return undefined;
  return text.split('/').every((component) => COMPONENT.test(component))
    ? (text as RepositoryName)
    : undefined;
}

export function parseTag(text: string): Tag | undefined {
  return TAG.test(text) ? (text as Tag) : undefined;
}

/** A text with a colon is only ever a digest, one without only ever a tag; else `undefined`. */
export function parseReference(text: string): Reference | undefined {
  if (text.includes(':')) {
    const digest = parseDigest(text);
    return digest && { kind: 'digest', digest };
  }
  const tag = parseTag(text);
  return tag && { kind: 'tag', tag };
}

/** The inverse of {@link parseReference}. */
export function printReference(reference: Reference): string {
  return reference.kind === 'tag' ? reference.tag : reference.digest;
}
