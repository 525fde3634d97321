/**
 * PORT: the ledger — per wanted digest how far its transfer is. A working set, not the truth: it
 * may be lost whole and is filled again from `Replicas`.
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
  /** How often it was claimed. */
  readonly attempts: number;
  /** Why the last try failed. */
  readonly reason?: string;
  /** When it may be claimed again, where it has to wait. */
  readonly nextTryAt?: Date;
}

export interface LedgerClaim {
  readonly holder: string;
  readonly now: Date;
  readonly leaseUntil: Date;
}

export interface LedgerFailure {
  readonly holder: string;
  readonly reason: string;
  readonly retryAt: Date;
}

export interface LedgerStatus {
  /** Entries of each lane, whatever their state. */
  readonly objects: Readonly<Record<Lane, number>>;
  /** Sizes of all entries, summed. */
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
  /** The entry is done: it leaves the ledger, whoever holds it. Idempotent. */
  settle(digest: Digest): Promise<void>;
  /** Puts it back, to be tried again at that time. @returns whether it was still held. */
  fail(digest: Digest, failure: LedgerFailure): Promise<boolean>;
  find(digest: Digest): Promise<LedgerEntry | undefined>;
  /** From counters, never from a scan. */
  status(): Promise<LedgerStatus>;
  /** Whether this ledger was filled since it came to be; false again once it was lost. */
  isFilled(): Promise<boolean>;
  recordFilled(): Promise<void>;
}
