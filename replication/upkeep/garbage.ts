/** When garbage is collected: every few minutes, and at night the whole store is walked. */
import type { Log } from '../../src/log.ts';
import type { GarbageCollection } from '../../src/registry/garbage/garbage.ts';
import type { Job } from '../schedule.ts';

export interface CollectionOptions {
  readonly garbage: Pick<GarbageCollection, 'run' | 'sweep'>;
  readonly log: Log;
}

/** Not at the minutes of the other jobs. */
const COLLECTION_TIMES = '*/10 * * * *';
const SWEEP_TIMES = '7 4 * * *';

/** Jobs of the process that leads a site; they end when the signal aborts. */
export function describeCollection(
  { garbage, log }: CollectionOptions,
  signal: AbortSignal,
): readonly Job[] {
  const collect = async () => {
    const { doubts, ...report } = await garbage.run({ signal });
    if (doubts.length > 0) log.warn({ doubts }, 'garbage was kept in doubt');
    log.info(report, 'garbage was collected');
  };
  const sweep = async () => {
    log.info({ blobs: await garbage.sweep(signal) }, 'the store was walked through');
  };
  return [
    { name: 'garbage', expression: COLLECTION_TIMES, run: collect },
    { name: 'sweep', expression: SWEEP_TIMES, run: sweep },
  ];
}
