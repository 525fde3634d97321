/**
 * A site finds its own damage: it reads every byte of what it was proven to hold, gently, and
 * hashes it. A secondary takes away what is wrong and wants it anew; a primary only says so, since
 * what it deleted would be gone everywhere.
 */
import type { Clock } from '../../src/clock.ts';
import type { Log } from '../../src/log.ts';
import { algorithmOf, type Digest, Hasher } from '../../src/oci/digest.ts';
import type { BlobStore, RecyclingReadable } from '../../src/storage/blob-store.ts';
import type { Catalog } from '../../src/storage/catalog.ts';
import { BytesRemoved } from '../../src/storage/failure.ts';
import type { Ledger } from '../../src/storage/geo/ledger.ts';
import type { Replicas } from '../../src/storage/geo/replicas.ts';
import type { Metadata } from '../../src/storage/metadata.ts';

export interface VerifyOptions {
  readonly replicas: Pick<Replicas, 'listVerifiedBefore' | 'recordVerified' | 'recordLost'>;
  readonly blobStore: Pick<BlobStore, 'open' | 'delete'>;
  readonly ledger: Pick<Ledger, 'find' | 'settle' | 'want'>;
  readonly catalog: Pick<Catalog, 'listHolders'>;
  readonly metadata: Pick<Metadata, 'findBlob'>;
  /** Whether there is somebody to bring a blob from. */
  readonly canHeal: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

export interface VerifyReport {
  readonly blobs: number;
  readonly bytes: number;
  /** Wrong, or gone. */
  readonly damaged: readonly Digest[];
  /** Could not be read now, so nothing is known of them. */
  readonly unreadable: readonly Digest[];
}

const PAGE = 500;

/** After so many bytes the reader rests as long as reading them took. */
const STRETCH_BYTES = 16 * 1024 * 1024;

type State = 'right' | 'wrong' | 'gone' | 'unreadable';

/** Reads again the blobs that are given, until they end, the bytes are over, or it is aborted. */
export async function verify(
  digests: AsyncIterable<Digest>,
  { maxBytes = Number.POSITIVE_INFINITY, ...options }: VerifyOptions & { maxBytes?: number },
  signal: AbortSignal,
): Promise<VerifyReport> {
  const report = { blobs: 0, bytes: 0, damaged: [] as Digest[], unreadable: [] as Digest[] };
  const rest = createRest(options.clock, signal);
  const count = async (bytes: number) => {
    report.bytes += bytes;
    await rest(bytes);
  };
  for await (const digest of digests) {
    const state = await examine(digest, options, count);
    report.blobs += 1;
    if (state === 'right') await recordRight(digest, options);
    else if (state === 'unreadable') report.unreadable.push(digest);
    else {
      report.damaged.push(digest);
      options.log.error({ digest, state }, 'a blob of this site is damaged');
      if (options.canHeal) await heal(digest, options);
    }
    if (report.bytes >= maxBytes || signal.aborted) break;
  }
  return report;
}

/** One that was removed as garbage while it was read is nobody's any more. */
async function recordRight(digest: Digest, { replicas, clock }: VerifyOptions): Promise<void> {
  try {
    await replicas.recordVerified(digest, clock.now());
  } catch (error) {
    if (!(error instanceof BytesRemoved)) throw error;
  }
}

/** Reads again what was not read since `before`, what waited longest first. */
export function verifyOlder(
  before: Date,
  options: VerifyOptions & { maxBytes?: number },
  signal: AbortSignal,
): Promise<VerifyReport> {
  return verify(listOlder(before, options.replicas), options, signal);
}

/** What was read leaves the list; what could be neither proven nor taken away is passed over. */
async function* listOlder(
  before: Date,
  replicas: Pick<Replicas, 'listVerifiedBefore'>,
): AsyncGenerator<Digest> {
  const seen = new Set<Digest>();
  for (;;) {
    const page = await replicas.listVerifiedBefore(before, PAGE + seen.size);
    const due = page.filter((digest) => !seen.has(digest));
    const still = new Set(page);
    for (const digest of seen) if (!still.has(digest)) seen.delete(digest);
    if (due.length === 0) return;
    for (const digest of due) {
      yield digest;
      seen.add(digest);
    }
  }
}

/** The file goes first: a fill that brings it meanwhile would lose what it just brought. */
async function heal(digest: Digest, options: VerifyOptions): Promise<void> {
  await options.blobStore.delete(digest);
  await wantAnew(digest, options);
}

/** Says that the blob is not here, and wants it before all that is old. */
export async function wantAnew(digest: Digest, options: VerifyOptions): Promise<void> {
  const { replicas, ledger, catalog, metadata, clock } = options;
  await replicas.recordLost(digest);
  const [repository] = await catalog.listHolders(digest, { limit: 1 });
  const link = repository && (await metadata.findBlob(repository, digest));
  if (!repository || !link) return;
  const want = { digest, repository, sizeBytes: link.sizeBytes, since: clock.now() };
  // What failed waits for its next try; whoever wants it anew wants it now.
  if ((await ledger.find(digest))?.state === 'failed') await ledger.settle(digest);
  await ledger.want([{ ...want, lane: 'fresh' }]);
}

async function examine(
  digest: Digest,
  { blobStore, log }: VerifyOptions,
  count: (bytes: number) => Promise<void>,
): Promise<State> {
  const hasher = new Hasher(algorithmOf(digest));
  try {
    const content = await blobStore.open(digest);
    if (!content) return 'gone';
    for await (const chunk of content as AsyncIterable<Uint8Array>) {
      hasher.update(chunk);
      const { length } = chunk;
      (content as Partial<RecyclingReadable>).recycle?.(chunk);
      await count(length);
    }
  } catch (error) {
    // A store that is away for a moment has not lost anything.
    log.warn({ err: error, digest }, 'a blob cannot be read now');
    return 'unreadable';
  }
  return hasher.digest() === digest ? 'right' : 'wrong';
}

/** Makes the pause that follows each stretch: whoever reads for clients has half of the time. */
function createRest(clock: Clock, signal: AbortSignal): (bytes: number) => Promise<void> {
  let bytesRead = 0;
  let begun = clock.elapsedMs();
  return async (bytes) => {
    bytesRead += bytes;
    if (bytesRead < STRETCH_BYTES) return;
    await clock.sleep(clock.elapsedMs() - begun, signal).catch(() => undefined);
    bytesRead = 0;
    begun = clock.elapsedMs();
  };
}
