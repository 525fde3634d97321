/** The ring of keys that sign upload states: a new one now and then, old ones away (A11). */
import type { Clock } from '../../src/clock.ts';
import type { Randomness } from '../../src/randomness.ts';
import { makeUploadKey, RING_DELAY_MS } from '../../src/registry/upload-state.ts';
import type { IdentityStore, UploadKey } from '../../src/storage/identity.ts';

export interface KeyRingOptions {
  readonly identityStore: Pick<
    IdentityStore,
    'listUploadKeys' | 'recordUploadKey' | 'deleteUploadKey'
  >;
  /** How long an unfinished upload is kept, and with it the states that were given out for it. */
  readonly uploadExpiryMs?: number;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** So old is a key that a new one takes over from. */
const KEY_LIFETIME_MS = 30 * DAY_MS;

/** How long an unfinished upload is kept unless the settings say otherwise (checklist 72). */
const UPLOAD_EXPIRY_MS = 7 * DAY_MS;

/**
 * Adds a key where the newest is a month old, and deletes those whose last states have expired.
 * Idempotent. @returns how many were deleted
 */
export async function rotateUploadKeys(options: KeyRingOptions): Promise<number> {
  const { identityStore, uploadExpiryMs = UPLOAD_EXPIRY_MS, clock, randomness } = options;
  const now = clock.now().getTime();
  const ring = await identityStore.listUploadKeys();
  const newest = ring[0];
  if (newest && now - newest.createdAt.getTime() >= KEY_LIFETIME_MS) {
    await identityStore.recordUploadKey(makeUploadKey(clock, randomness));
  }
  const over = now - uploadExpiryMs - RING_DELAY_MS;
  // A key signs until the one before it in the ring, the newer one, is known everywhere.
  const isOver = (_: UploadKey, at: number) => at > 0 && ring[at - 1]!.createdAt.getTime() <= over;
  const retired = ring.filter(isOver);
  for (const { kid } of retired) await identityStore.deleteUploadKey(kid);
  return retired.length;
}
