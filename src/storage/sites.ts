/**
 * PORT: the sites of the cluster, and what this one is. Sites travel in the change log; invitations
 * and the role stay here.
 */
import type { Place } from '../oci/place.ts';

export type Role = 'primary' | 'secondary';

export interface Site {
  readonly name: string;
  /** Where other sites reach it. */
  readonly url: string;
  readonly publicKey: Readonly<Record<string, unknown>>;
  /** Where on the earth it stands, in degrees. */
  readonly place?: Place;
  /** A paused site goes on following and answering, and copies no blobs. */
  readonly isPaused?: boolean;
}

/** A join token that was given out and not used yet. */
export interface Invitation {
  readonly site: string;
  /** sha256 of the token, hex. */
  readonly tokenHash: string;
  readonly expiresAt: Date;
}

export interface Sites {
  /** This site's role and the epoch it knows of. */
  getRole(): Promise<{ readonly role: Role; readonly epoch: number }>;
  /** Idempotent. The epoch never falls: a role of an older epoch is passed over. */
  recordRole(role: Role, epoch: number): Promise<void>;
  findSite(name: string): Promise<Site | undefined>;
  listSites(): Promise<Site[]>;
  /**
   * Creates or replaces it; appends to the change log. One with another key than before, or none
   * before, begins empty: the arrivals that were told of that name are forgotten.
   */
  recordSite(site: Site): Promise<void>;
  /**
   * Replaces it by what the function makes of it as it is then, so that of two changes at once
   * neither is lost; appends to the change log. @returns whether it was there.
   */
  changeSite(name: string, change: (site: Site) => Site): Promise<boolean>;
  /** With the arrivals that were told of it; appends to the log. @returns whether it was there. */
  deleteSite(name: string): Promise<boolean>;
  recordInvitation(invitation: Invitation): Promise<void>;
  /** Takes the invitation with this hash: it can be used once. */
  takeInvitation(tokenHash: string): Promise<Invitation | undefined>;
}
