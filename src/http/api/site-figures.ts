/** The figures of a site as JSON: what a site reports, and what the status says. */
import { z } from 'zod';
import { EVERYTHING, type PathPattern, parsePathPattern } from '../../oci/path-pattern.ts';
import type { SiteFigures } from '../../storage/geo/site-reports.ts';

const countShape = z.int().nonnegative();
const amountShape = z.number().nonnegative();

const extentShape = z.object({
  total: countShape,
  verified: countShape,
  wanted: countShape,
  failed: countShape,
  percent: amountShape.max(100).nullable().meta({
    description: '100 only where nothing lacks; null where there is nothing at all.',
  }),
});

/** A site that runs an older program copies all, as far as it says. */
const syncShape = z
  .array(z.string().refine(isPathPattern))
  .max(1000)
  .default(() => [EVERYTHING]);

/** Fields that are not known here are passed over: a site may run a newer program. */
export const siteFiguresShape: z.ZodType<SiteFigures> = z.object({
  site: z.string().max(63),
  role: z.enum(['primary', 'secondary']),
  epoch: countShape,
  version: z.string().max(100),
  appliedPosition: countShape,
  appliedAt: z.iso.datetime().nullable().meta({
    description: "When the change at that position was committed, by the primary's clock.",
  }),
  lagSeconds: amountShape.nullable().meta({
    description: 'Nothing older than this is missing; null at a site that never heard so.',
  }),
  manifests: extentShape,
  blobs: extentShape,
  bytesBehind: amountShape,
  oldestUnreplicatedSeconds: amountShape.nullable(),
  bytesPerSecond: amountShape.meta({ description: 'Over the last half minute.' }),
  secondsLeft: amountShape.nullable().meta({
    description: '0 where nothing is left, null where nothing moves.',
  }),
  lanes: z.object({ demand: countShape, fresh: countShape, backfill: countShape }),
  transferring: countShape,
  isPaused: z.boolean(),
  sync: syncShape.meta({ description: 'Patterns of the repositories whose blobs it copies.' }),
  pullsToldSecondsAgo: amountShape.optional().meta({
    description: 'Of all pulls at this site before that the primary was told.',
  }),
  isHealthy: z.boolean(),
  health: z.string().max(1000).meta({ description: 'What is wrong, or that nothing is.' }),
});

function isPathPattern(text: string): text is PathPattern {
  return parsePathPattern(text) !== undefined;
}
