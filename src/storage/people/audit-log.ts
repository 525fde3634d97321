/**
 * PORT: the log of administrative acts of a site: who did what to what, from where, when, and what
 * came of it. Each site keeps its own; it is no fact, and travels nowhere.
 *
 * An act is written down before it is begun and settled when it is over: one that took place is in
 * the log whatever happens to the process, at worst without its outcome.
 */
export const AUDIT_OUTCOMES = ['begun', 'done', 'refused', 'failed'] as const;

/** `begun` where the process ended before it was over, or it is still under way. */
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** An act as it begins. */
export interface Act {
  readonly at: Date;
  /** Name of the account; '' where nobody was proven to be one. */
  readonly actor: string;
  /** The client's IP address. */
  readonly address: string;
  readonly agent: string;
  readonly method: string;
  /** Without its query. */
  readonly path: string;
}

/** What came of an act. */
export interface Settlement {
  readonly outcome: AuditOutcome;
  /** Of the answer. */
  readonly status: number;
  /** Who it was, where that was known only later. */
  readonly actor?: string;
  /** What the request asked for, without secrets. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface AuditEntry extends Act {
  /** Grows with each act. */
  readonly id: number;
  readonly outcome: AuditOutcome;
  readonly status?: number;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface AuditPage {
  readonly limit: number;
  /** Only entries with a smaller id. */
  readonly before?: number;
  readonly actor?: string;
  readonly method?: string;
  /** Only paths that begin like this. */
  readonly path?: string;
  readonly outcome?: AuditOutcome;
  readonly since?: Date;
  readonly until?: Date;
}

export interface AuditLog {
  /** Durable when it resolves. @returns its id */
  begin(act: Act): Promise<number>;
  /** Idempotent; does nothing where the entry is gone. */
  settle(id: number, settlement: Settlement): Promise<void>;
  /** The newest first. */
  list(page: AuditPage): Promise<AuditEntry[]>;
  /** Some of those before that time. @returns how many were deleted; 0 when none are left. */
  deleteBefore(time: Date): Promise<number>;
}
