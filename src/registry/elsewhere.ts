/**
 * The seam to other places: where content is asked for that is not (yet) here, or that may have
 * changed there.
 *
 * A secondary asks its primary through it; a site that has nobody to ask has none. "Not there
 * either" is `undefined`. Nothing that comes through is recorded by the caller: whoever implements
 * it decides what is kept.
 */
import type { Readable } from 'node:stream';
import type { Consistency } from '../oci/consistency.ts';
import type { Digest } from '../oci/digest.ts';
import type { ByteRange } from '../oci/range.ts';
import type { Reference, RepositoryName } from '../oci/reference.ts';
import type { StoredManifest } from '../storage/metadata.ts';

/** Who vouched for an answer, and how old it may be at most. */
export interface Origin {
  /** `stale`: the primary had to be asked, and cannot be reached. */
  readonly source: 'local' | 'primary' | 'stale';
  /** Absent where nobody ever proved an age. */
  readonly ageMs?: number;
}

/** Of a site that has nobody to ask: what is here is how it is. */
export const OWN: Origin = { source: 'local', ageMs: 0 };

/** Of what the primary was asked just now. */
export const ASKED: Origin = { source: 'primary', ageMs: 0 };

export interface Reading<T> {
  readonly found: T;
  readonly origin: Origin;
}

/** What is asked, besides for what. */
export interface ReadOptions {
  /** Position that this request learned already, if it did. */
  readonly asOf?: number | undefined;
  /** What the request asks for; what the site settled where absent. */
  readonly consistency?: Consistency | undefined;
}

export interface BlobReadOptions extends ReadOptions {
  /** Whether the bytes will be asked for next. */
  readonly isOpening?: boolean;
}

/** How fresh this site is at a moment. */
export interface Standing {
  /** Whether what moves, such as a tag, may be answered by this site itself. */
  readonly mayAnswer: boolean;
  /** Whether nothing that could be gone or moved may be answered without asking. */
  readonly isStrong: boolean;
  /** Who reads this site's facts up to here, or further, reads what is no older than `ageMs`. */
  readonly position: number;
  readonly ageMs?: number;
}

export interface WantedManifest {
  readonly repository: RepositoryName;
  readonly reference: Reference;
  /** What this site would answer. */
  readonly known: StoredManifest | undefined;
  readonly standing: Standing;
}

/** A blob of which is known how long it is. */
export interface SizedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface Elsewhere {
  /** To be asked before this site's own answer is read: the other way round it proves nothing. */
  judge(consistency?: Consistency): Promise<Standing>;

  findManifest(wanted: WantedManifest): Promise<Reading<StoredManifest> | undefined>;

  /** @param isOpening whether the bytes will be asked for next: they may be on their way then */
  findBlob(
    repository: RepositoryName,
    digest: Digest,
    isOpening?: boolean,
  ): Promise<{ readonly sizeBytes: number } | undefined>;

  /** The bytes, or those of one range inside the blob. Breaks with an error, never ends short. */
  openBlob(
    repository: RepositoryName,
    blob: SizedBlob,
    range?: ByteRange,
  ): Promise<Readable | undefined>;
}

/** Where this site's own answer came from. */
export function localOrigin({ ageMs }: Standing): Origin {
  return { source: 'local', ...(ageMs === undefined ? {} : { ageMs }) };
}

/** Of what this site holds, where the primary had to be asked and is away. */
export function staleOrigin(standing: Standing): Origin {
  return { ...localOrigin(standing), source: 'stale' };
}

/** The later of the position that the request learned and the one that the standing speaks of. */
export function asOfBoth(asOf: number | undefined, standing: Standing): number | undefined {
  return asOf === undefined ? undefined : Math.max(asOf, standing.position);
}
