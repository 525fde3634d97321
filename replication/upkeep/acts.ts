/** Forgets administrative acts of too long ago. Idempotent, in pages. */
import type { Clock } from '../../src/clock.ts';
import type { AuditLog } from '../../src/storage/people/audit-log.ts';

export interface ForgetActsOptions {
  readonly auditLog: Pick<AuditLog, 'deleteBefore'>;
  readonly auditRetentionMs: number;
  readonly clock: Pick<Clock, 'now'>;
}

/** @returns how many entries went. */
export async function forgetActs(options: ForgetActsOptions): Promise<number> {
  const { auditLog, auditRetentionMs, clock } = options;
  const before = new Date(clock.now().getTime() - auditRetentionMs);
  for (let count = 0; ; ) {
    const page = await auditLog.deleteBefore(before);
    count += page;
    if (page === 0) return count;
  }
}
