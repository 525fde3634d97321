/**
 * PORT: upload sessions. The row is the truth about an upload; the signed state that clients carry
 * is a hint. A *lease* lets one request at a time write, on any machine of the site.
 */
import type { Algorithm } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';

export interface UploadSession {
  /** A UUID. */
  readonly id: string;
  readonly repository: RepositoryName;
  /** Name of the account that began it; '' for an anonymous one. */
  readonly subject: string;
  readonly algorithm: Algorithm;
  /** Bytes that are kept. */
  readonly offset: number;
  readonly startedAt: Date;
  readonly expiresAt: Date;
}

export interface Lease {
  /** The offset from which the writer wants to go on; 'any' for wherever the session stands. */
  readonly offset: number | 'any';
  /** Name of this write, unique. */
  readonly writer: string;
  readonly until: Date;
  readonly now: Date;
}

/** How many uploads may be under way at once (A14). */
export interface UploadCaps {
  readonly perSubject: number;
  readonly perRepository: number;
}

export interface UploadTracker {
  /**
   * Begins a session, where the caps allow one more; of many that begin at once, not one too many
   * is let in. @returns whether it was
   */
  create(session: UploadSession, caps?: UploadCaps): Promise<boolean>;

  find(id: string): Promise<UploadSession | undefined>;

  /**
   * Takes the session for one writer. @returns it, or `undefined` where it is gone, elsewhere or
   * taken.
   */
  lease(id: string, lease: Lease): Promise<UploadSession | undefined>;

  /** Lengthens a lease that is still held. @returns whether it was. */
  renew(id: string, writer: string, until: Date): Promise<boolean>;

  /** Notes the new offset and gives the lease back. @returns whether the lease was still held. */
  release(id: string, writer: string, offset: number): Promise<boolean>;

  /** @returns whether it was there. */
  delete(id: string): Promise<boolean>;

  listExpired(now: Date, limit: number): Promise<UploadSession[]>;
}
