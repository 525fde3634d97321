/**
 * Digests: the name of content by its bytes.
 *
 * > digest ::= algorithm ":" encoded
 * > (image-spec, descriptor.md, "Digests")
 */
import { createHash, type Hash } from 'node:crypto';

declare const checked: unique symbol;

/** A digest that was checked: a known algorithm and exactly its number of lower-case hex digits. */
export type Digest = string & { readonly [checked]: 'digest' };

export type Algorithm = 'sha256' | 'sha512';

/** The registered algorithms that Meridian accepts, with the length of their hex form. */
const HEX_LENGTH: Record<Algorithm, number> = { sha256: 64, sha512: 128 };

const SHAPE = /^(sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;

export function isDigest(text: string): text is Digest {
  return SHAPE.test(text);
}

/**
 * Gives the text as a digest, or `undefined` where its grammar, algorithm or length is not ours.
 */
export function parseDigest(text: string): Digest | undefined {
  return isDigest(text) ? text : undefined;
}

export function isAlgorithm(text: string): text is Algorithm {
  return Object.hasOwn(HEX_LENGTH, text);
}

export function algorithmOf(digest: Digest): Algorithm {
  return digest.startsWith('sha256') ? 'sha256' : 'sha512';
}

/** The hex digits behind the colon. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** The digest of bytes that are in memory; for streams use {@link Hasher}. */
export function digestOf(bytes: Uint8Array | string, algorithm: Algorithm = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}

/** A digest that grows with the bytes it is shown. */
export class Hasher {
  readonly algorithm: Algorithm;
  readonly #hash: Hash;

  constructor(algorithm: Algorithm = 'sha256') {
    this.algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** The digest of everything shown so far; more may follow. */
  digest(): Digest {
    return `${this.algorithm}:${this.#hash.copy().digest('hex')}` as Digest;
  }
}
