/** What a site may say of itself. */
import { EVERYTHING } from '../../../src/oci/path-pattern.ts';
import type { SiteFigures } from '../../../src/storage/geo/site-reports.ts';

const NOTHING = { total: 0, verified: 0, wanted: 0, failed: 0, percent: null };

/** The figures of an empty, healthy secondary, but for what is given. */
export function figuresOf(site: string, rest: Partial<SiteFigures> = {}): SiteFigures {
  return {
    site,
    role: 'secondary',
    epoch: 1,
    version: '0.1.0',
    appliedPosition: 7,
    appliedAt: '2026-01-02T03:04:05.678Z',
    lagSeconds: 0.4,
    manifests: NOTHING,
    blobs: NOTHING,
    bytesBehind: 0,
    oldestUnreplicatedSeconds: null,
    bytesPerSecond: 0,
    secondsLeft: 0,
    lanes: { demand: 0, fresh: 0, backfill: 0 },
    transferring: 0,
    isPaused: false,
    sync: [EVERYTHING],
    isHealthy: true,
    health: 'Everything is here.',
    ...rest,
  };
}
