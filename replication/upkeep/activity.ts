/** Forgets what happened too long ago. Idempotent, in pages. */
import type { Clock } from '../../src/clock.ts';
import type { ActivityFeed } from '../../src/storage/events/activity.ts';
import type { ExternalImages } from '../../src/storage/events/external-images.ts';
import type { ImagePulls } from '../../src/storage/tree/pulls.ts';

export interface ForgetOptions {
  readonly activityFeed: Pick<ActivityFeed, 'deleteBefore'>;
  readonly externalImages: Pick<ExternalImages, 'deleteBefore'>;
  readonly activityRetentionMs: number;
  readonly clock: Pick<Clock, 'now'>;
}

/** @returns how many entries of the feed, and images of external registries, went. */
export async function forgetActivity(options: ForgetOptions): Promise<number> {
  const { activityFeed, externalImages, activityRetentionMs, clock } = options;
  const before = new Date(clock.now().getTime() - activityRetentionMs);
  let count = 0;
  for (const kept of [activityFeed, externalImages]) {
    for (let page = -1; page !== 0; count += page) page = await kept.deleteBefore(before);
  }
  return count;
}

const PAGE = 1000;

/** Of what is there no more. @returns how many */
export async function forgetPulls(options: {
  readonly imagePulls: Pick<ImagePulls, 'deleteGone'>;
}): Promise<number> {
  for (let count = 0; ; ) {
    const page = await options.imagePulls.deleteGone(PAGE);
    count += page;
    if (page < PAGE) return count;
  }
}
