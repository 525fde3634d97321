/** When tags that no retention keeps are taken away: once a night, at the primary. */
import type { Log } from '../../src/log.ts';
import type { RetentionRuns } from '../../src/registry/lifecycle/retention-runs.ts';
import type { Job } from '../schedule.ts';

export interface RetentionOptions {
  readonly retentionRuns: Pick<RetentionRuns, 'run'>;
  /** Present at a secondary, which only follows. */
  readonly primary?: unknown;
  readonly log: Log;
}

/** Before garbage is looked for in the whole store, and not at the minutes of the other jobs. */
const TIMES = '53 2 * * *';

/** The job of the process that leads a site; it ends when the signal aborts. */
export function describeRetention(
  { retentionRuns, primary, log }: RetentionOptions,
  signal: AbortSignal,
): readonly Job[] {
  const run = async () => {
    const { tags, ...rest } = await retentionRuns.run({ isDryRun: false, signal, log });
    log.info({ tags: tags.length, ...rest }, 'tags that nobody keeps were deleted');
  };
  return primary ? [] : [{ name: 'retention', expression: TIMES, run }];
}
