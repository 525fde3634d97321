/**
 * Under which keys the bytes lie.
 *
 *     <prefix>blobs/sha256/2cf24dba5fb0a30e…            a blob: whole, proven
 *     <prefix>staging/<id>/0000000000000000             the first piece of an upload
 *     <prefix>staging/<id>/0000000005242880             the next one, named by where it begins
 *
 * Each append is an object of its own, so that any machine can go on with an upload. A piece that
 * reaches beyond the beginning of the next one counts only up to there.
 */
import { algorithmOf, type Digest, hexOf, isDigest } from '../../oci/digest.ts';

const OFFSET_DIGITS = 16;
/** What an id may be made of: no separator (A3). */
const STAGING = /^[a-z0-9][a-z0-9-]{0,191}$/;

export class Keys {
  readonly blobs: string;
  readonly stagings: string;

  constructor(prefix: string) {
    this.blobs = `${prefix}blobs/`;
    this.stagings = `${prefix}staging/`;
  }

  blob(digest: Digest): string {
    return `${this.blobs}${algorithmOf(digest)}/${hexOf(digest)}`;
  }

  /** The inverse of `blob`; `undefined` for an object that is no blob. */
  digestOf(key: string): Digest | undefined {
    const text = key.slice(this.blobs.length).replace('/', ':');
    return isDigest(text) ? text : undefined;
  }

  /** What the keys of all pieces of a staging begin with. Throws where the id is none. */
  staging(staging: string): string {
    if (!STAGING.test(staging)) throw new TypeError(`not the id of a staging: ${staging}`);
    return `${this.stagings}${staging}/`;
  }

  piece(staging: string, offset: number): string {
    return `${this.staging(staging)}${String(offset).padStart(OFFSET_DIGITS, '0')}`;
  }

  /** Which staging a piece belongs to. */
  stagingOf(key: string): string {
    return key.slice(this.stagings.length).split('/', 1)[0]!;
  }

  offsetOf(key: string): number {
    return Number(key.slice(-OFFSET_DIGITS));
  }
}
