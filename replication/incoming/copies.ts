/**
 * Copies images of external registries here: one after the other, again after a pause where it
 * failed. What is to be copied lies in its queue until it is settled, so nothing is lost with this
 * process; what it brought so far is not brought again.
 */
import type { Clock } from '../../src/clock.ts';
import { Bell } from '../../src/geo/bell.ts';
import type { Log } from '../../src/log.ts';
import type { Randomness } from '../../src/randomness.ts';
import type {
  CopySettlement,
  ExternalImages,
  WaitingImage,
} from '../../src/storage/events/external-images.ts';
import type { Leases } from '../../src/storage/leases.ts';
import { type Pace, pauseMs } from '../backoff.ts';

export interface CopiesOptions {
  readonly externalImages: Pick<ExternalImages, 'listNext' | 'settle' | 'watch'>;
  /** What copies one of them. */
  readonly imageCopies: {
    copy(
      image: WaitingImage,
    ): Promise<
      | { readonly kind: 'copied'; readonly manifests: number }
      | { readonly kind: 'hopeless'; readonly sentence: string }
      | { readonly kind: 'superseded' }
    >;
  };
  readonly leases: Leases;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
}

/** So many at once, each of another tag. */
const AT_ONCE = 4;
/** Looks again so often, should a call to look have been lost. */
const LOOK_MS = 10_000;
const RETRY_MS = 2000;
const PACE: Pace = { firstMs: 1000, longestMs: 300_000 };
/** After so many tries, about four days, an image is given up. */
const MAX_ATTEMPTS = 1000;
/** So long nobody else copies the same tag, should this process die in the middle. */
const LEASE_MS = 6000;
const RENEWAL_MS = 1500;

/** Copies until the signal aborts. Never throws. */
export async function copyExternal(options: CopiesOptions, signal: AbortSignal): Promise<void> {
  const { externalImages, clock, log } = options;
  const bell = new Bell(clock);
  const stopWatching = externalImages.watch(() => bell.ring());
  while (!signal.aborted) {
    try {
      const waitMs = await copyDue(options, signal);
      if (waitMs > 0) await bell.wait(waitMs, signal);
    } catch (error) {
      log.warn({ err: error }, 'images of external registries cannot be copied now');
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
  stopWatching();
}

/** Copies what is due, a round of it. @returns after how many milliseconds there may be more */
export async function copyDue(options: CopiesOptions, signal: AbortSignal): Promise<number> {
  const { externalImages, clock } = options;
  const nowMs = clock.now().getTime();
  const next = await externalImages.listNext(AT_ONCE);
  const due = next.filter((image) => waitOf(image, nowMs) <= 0);
  if (due.length === 0) return Math.min(LOOK_MS, ...next.map((image) => waitOf(image, nowMs)));
  const done = await Promise.all(due.map((image) => copyAlone(options, image, signal)));
  // Those that another process has are settled by it.
  return done.some(Boolean) ? 0 : RETRY_MS;
}

/** @returns whether it was ours to copy */
async function copyAlone(
  options: CopiesOptions,
  image: WaitingImage,
  signal: AbortSignal,
): Promise<boolean> {
  const { leases, randomness } = options;
  const holder = randomness.uuid();
  const name = `copy ${image.copiedAs}:${image.tag ?? image.digest}`;
  if (!(await leases.take(name, holder, LEASE_MS))) return false;
  const done = new AbortController();
  const renewing = renew(options, { name, holder }, AbortSignal.any([done.signal, signal]));
  try {
    await settle(options, image, signal);
  } finally {
    done.abort();
    await renewing;
    await leases.release(name, holder).catch(() => undefined);
  }
  return true;
}

/** A store that is away for a moment has given the lease to nobody else. */
async function renew(
  { leases, clock }: CopiesOptions,
  { name, holder }: { readonly name: string; readonly holder: string },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(RENEWAL_MS, signal).catch(() => undefined);
    if (!signal.aborted) await leases.take(name, holder, LEASE_MS).catch(() => false);
  }
}

/** One that was cut off by our own end stays as it was. */
async function settle(
  options: CopiesOptions,
  image: WaitingImage,
  signal: AbortSignal,
): Promise<void> {
  const { externalImages, clock, log } = options;
  const settlement = await tryCopy(options, image);
  if (signal.aborted && settlement.state === 'waiting') return;
  const { id, source, repository, tag } = image;
  const said = { id, source, repository, tag, ...settlement };
  if (settlement.state === 'failed') log.warn(said, 'an external image is given up');
  await externalImages.settle(id, { ...settlement, at: clock.now() } as CopySettlement);
}

async function tryCopy(
  { imageCopies, clock, randomness }: CopiesOptions,
  image: WaitingImage,
): Promise<Omit<CopySettlement, 'at'>> {
  try {
    const outcome = await imageCopies.copy(image);
    if (outcome.kind === 'hopeless') return { state: 'failed', message: outcome.sentence };
    if (outcome.kind === 'superseded') return { state: 'superseded', message: 'the tag moved on' };
    return { state: 'copied', message: `with ${outcome.manifests} manifests` };
  } catch (error) {
    const message = sentenceOf(error);
    const tries = image.attempts + 1;
    if (tries >= MAX_ATTEMPTS) return { state: 'failed', message };
    const at = clock.now().getTime();
    const nextTryAt = new Date(at + pauseMs(PACE, tries, randomness));
    return { state: 'waiting', message, nextTryAt } as Omit<CopySettlement, 'at'>;
  }
}

/** Failures of upstreams say what failed; what they are beyond that is for the log alone. */
function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 500) : 'it failed';
}

/** Milliseconds until it may be tried. */
function waitOf({ nextTryAt }: WaitingImage, nowMs: number): number {
  return (nextTryAt?.getTime() ?? nowMs) - nowMs;
}
