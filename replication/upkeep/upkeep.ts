/** Upkeep of a site: takes away what nobody will come back for. Each step is idempotent. */
import type { Log } from '../../src/log.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import type { Outbox } from '../../src/storage/events/outbox.ts';
import type { RefreshTokens } from '../../src/storage/refresh-tokens.ts';
import type { UploadTracker } from '../../src/storage/upload-tracker.ts';
import { type KeyRingOptions, rotateUploadKeys } from './upload-keys.ts';

export interface UpkeepOptions extends KeyRingOptions {
  readonly tracker: Pick<UploadTracker, 'listExpired' | 'find' | 'delete'>;
  readonly blobStore: Pick<BlobStore, 'listStagings' | 'discard'>;
  readonly refreshTokens: Pick<RefreshTokens, 'deleteExpired'>;
  readonly outbox: Pick<Outbox, 'deleteSettled'>;
  readonly log: Log;
}

export interface UpkeepReport {
  readonly uploads: number;
  readonly stagings: number;
  readonly refreshTokens: number;
  readonly uploadKeys: number;
  readonly deliveries: number;
}

const PAGE = 500;

/**
 * A staging that nobody wrote to for so long, and that no upload owns, was left behind; at the
 * latest after the time for which an unfinished upload is kept.
 */
const ABANDONED_MS = 24 * 60 * 60 * 1000;

/** How long one may look what became of a delivery. */
const DELIVERED_MS = 7 * 24 * 60 * 60 * 1000;
const GIVEN_UP_MS = 30 * 24 * 60 * 60 * 1000;

/** @returns how much was taken away. */
export async function keepUp(options: UpkeepOptions): Promise<UpkeepReport> {
  const { refreshTokens, clock, log } = options;
  const report: UpkeepReport = {
    uploads: await endExpiredUploads(options),
    stagings: await discardAbandoned(options),
    refreshTokens: await refreshTokens.deleteExpired(clock.now()),
    uploadKeys: await rotateUploadKeys(options),
    deliveries: await forgetDeliveries(options),
  };
  log.info({ ...report }, 'upkeep was done');
  return report;
}

/** The bytes go first: what is left when this is cut off is found again by its row. */
async function endExpiredUploads({ tracker, blobStore, clock }: UpkeepOptions): Promise<number> {
  let count = 0;
  for (;;) {
    const expired = await tracker.listExpired(clock.now(), PAGE);
    for (const { id } of expired) {
      await blobStore.discard(id);
      await tracker.delete(id);
    }
    count += expired.length;
    if (expired.length < PAGE) return count;
  }
}

async function forgetDeliveries({ outbox, clock }: UpkeepOptions): Promise<number> {
  const now = clock.now().getTime();
  const before = { delivered: new Date(now - DELIVERED_MS), dead: new Date(now - GIVEN_UP_MS) };
  for (let count = 0; ; ) {
    const page = await outbox.deleteSettled(before);
    count += page;
    if (page === 0) return count;
  }
}

async function discardAbandoned(options: UpkeepOptions): Promise<number> {
  const { tracker, blobStore, clock, uploadExpiryMs = ABANDONED_MS } = options;
  const before = new Date(clock.now().getTime() - Math.min(ABANDONED_MS, uploadExpiryMs));
  let count = 0;
  for (const staging of await blobStore.listStagings(before)) {
    if (isUpload(staging) && (await tracker.find(staging))) continue;
    await blobStore.discard(staging);
    count += 1;
  }
  return count;
}

/** Stagings of uploads are named by the session's id, a UUID; those of transfers are not. */
function isUpload(staging: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-/.test(staging);
}
