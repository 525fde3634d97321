/**
 * PORT: the ledger — per wanted digest how far its transfer is. A working set, not the truth: it may be
 * lost whole and is filled again from `Replicas`.
 */
import type { Digest } from '../oci/digest.ts';

/** Served in this order. */
export const LANES = ['demand', 'fresh', 'backfill'] as const;
export type Lane = (typeof LANES)[number];

export interface Want {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly repository: string;
  readonly lane: Lane;
}

export interface LedgerEntry extends Want {
  readonly state: 'wanted' | 'transferring' | 'failed';
  /** Bytes that the staging holds durably. */
  readonly offset: number;
  readonly attempts: number;
  /** Why the last try failed. */
  readonly reason?: string;
  /** When it may be claimed again. */
  readonly nextTryAt?: Date;
}

export interface LedgerClaim {
  readonly holder: string;
  readonly now: Date;
  readonly leaseUntil: Date;
}

export interface LedgerStatus {
  readonly objects: Readonly<Record<Lane, number>>;
  readonly bytes: number;
  readonly transferring: number;
  readonly failed: number;
}

export interface Ledger {
  /** Idempotent; an entry moves to a higher lane, never to a lower one. */
  want(wants: readonly Want[]): Promise<void>;
  /** The first entry of the highest lane that is free, or whose lease or wait is over. */
  claim(claim: LedgerClaim): Promise<LedgerEntry | undefined>;
  /** Notes the durable offset and lengthens the lease. @returns whether it was still held. */
  advance(digest: Digest, progress: LedgerClaim & { readonly offset: number }): Promise<boolean>;
  /** The entry is done: it leaves the ledger. Idempotent. */
  settle(digest: Digest): Promise<void>;
  /** Puts it back, to be tried again at that time. */
  fail(digest: Digest, failure: { readonly reason: string; readonly retryAt: Date }): Promise<void>;
  find(digest: Digest): Promise<LedgerEntry | undefined>;
  /** From counters, never from a scan. */
  status(): Promise<LedgerStatus>;
}
