/**
 * PORT: all facts of a site at one moment, to be kept elsewhere, and the way back into an empty
 * database. It speaks of tables and rows: what is kept is read again by the migrations that it was
 * written under, and brought up to date by those that came since.
 *
 * Left out is what is worth nothing to a site that begins anew: the log of changes, leases,
 * unfinished uploads, log-ins, what was cached of upstreams, and what garbage collection can undo.
 */
import type { Digest } from '../../oci/digest.ts';

/** A row: the text of each column, null where it has no value. */
export type ArchivedRow = readonly (string | null)[];

export interface ArchivedTable {
  readonly name: string;
  readonly columns: readonly string[];
}

/** Whose facts they are, and as of when. */
export interface ArchivedSite {
  readonly cluster: string;
  readonly site: string;
  readonly role: 'primary' | 'secondary';
  readonly epoch: number;
  /** Of the change log. */
  readonly position: number;
  /** The migrations that made the tables, in their order. */
  readonly migrations: readonly string[];
}

/** One state, whatever is written meanwhile; it costs the server room until it is closed. */
export interface FactReading {
  readonly site: ArchivedSite;
  /** In an order in which they can be filled: what is referred to comes first. */
  readonly tables: readonly ArchivedTable[];
  /** The rows of a table, some at a time. */
  read(table: ArchivedTable): AsyncIterable<readonly ArchivedRow[]>;
  /** Blobs that a repository has and that are here, proven; behind `after`, by their digests. */
  listBlobs(page: { readonly after?: Digest; readonly limit: number }): Promise<Digest[]>;
  close(): Promise<void>;
}

export interface ArchivedFacts {
  readonly migrations: readonly string[];
  readonly tables: readonly ArchivedTable[];
  read(table: ArchivedTable): AsyncIterable<readonly ArchivedRow[]>;
}

export interface FactArchive {
  /** @throws Error in one sentence where the database holds no site; StorageUnavailable */
  open(): Promise<FactReading>;

  /**
   * Makes the tables, fills them in one transaction, and brings them up to date. The site that they
   * hold begins a new epoch, and a new log behind every position that any site can have: so each
   * secondary takes a snapshot, and a primary that is still alive somewhere stops writing.
   *
   * @returns the first position of the new log
   * @throws Error in one sentence where the database holds a site, or the facts are of a later
   * version of this program
   */
  restore(facts: ArchivedFacts): Promise<number>;
}
