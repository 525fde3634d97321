/** Does what this site was ordered to do, one order after the other. */
import type { Clock } from '../../src/clock.ts';
import { Bell } from '../../src/geo/bell.ts';
import type { Log } from '../../src/log.ts';
import type { Digest } from '../../src/oci/digest.ts';
import { outlineOf, parseManifest } from '../../src/oci/manifest.ts';
import type { PathPattern } from '../../src/oci/path-pattern.ts';
import type { RepositoryName } from '../../src/oci/reference.ts';
import type { BlobStore } from '../../src/storage/blob-store.ts';
import type { Catalog } from '../../src/storage/catalog.ts';
import type { ChangeLog } from '../../src/storage/change-log.ts';
import { StorageUnavailable } from '../../src/storage/failure.ts';
import type { Inventory } from '../../src/storage/geo/inventory.ts';
import type { Order, Orders } from '../../src/storage/geo/orders.ts';
import type { Replicas } from '../../src/storage/geo/replicas.ts';
import type { Metadata } from '../../src/storage/metadata.ts';
import { type VerifyOptions, verify, verifyOlder, wantAnew } from './verify.ts';

export interface OrderOptions extends VerifyOptions {
  readonly orders: Pick<Orders, 'findWaiting' | 'settle'>;
  readonly inventory: Inventory;
  readonly changeLog: Pick<ChangeLog, 'watch'>;
  readonly catalog: Pick<Catalog, 'listHolders' | 'listRepositories'>;
  readonly metadata: Pick<Metadata, 'findBlob' | 'findManifest'>;
  readonly replicas: VerifyOptions['replicas'] & Pick<Replicas, 'findVerified'>;
  readonly blobStore: VerifyOptions['blobStore'] & Pick<BlobStore, 'find'>;
  /**
   * Compares this site with its primary, in one repository alone where one is named; tells what
   * came of it. Absent at a primary.
   */
  readonly reconcile?: (
    repository: RepositoryName | undefined,
    signal: AbortSignal,
  ) => Promise<string>;
  /** Name of this site. */
  readonly site: string;
  /** Which repositories it copies; one that is named in an order is looked at in any case. */
  readonly sync: readonly PathPattern[];
  readonly clock: Clock;
  readonly log: Log;
}

/** Orders ring the bell; this is for one that was missed, and for a store that was away. */
const LOOK_MS = 60_000;
const RETRY_MS = 5000;

const PAGE = 500;

/** Carries out this site's orders until the signal aborts. Never throws. */
export async function obey(options: OrderOptions, signal: AbortSignal): Promise<void> {
  const { changeLog, clock, log } = options;
  const bell = new Bell(clock);
  const stopWatching = changeLog.watch(() => bell.ring());
  while (!signal.aborted) {
    try {
      while (await obeyOne(options, signal));
      await bell.wait(LOOK_MS, signal);
    } catch (error) {
      log.warn({ err: error }, 'orders cannot be carried out now');
      await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
  }
  stopWatching();
}

/**
 * One order that is cut off is begun again by the next process that leads.
 * @returns whether there was one
 */
async function obeyOne(options: OrderOptions, signal: AbortSignal): Promise<boolean> {
  const { orders, site, log } = options;
  const order = await orders.findWaiting(site);
  if (!order || signal.aborted) return false;
  log.info({ order }, 'an order is carried out');
  const outcome = await carryOut(order, options, signal).then(
    (message) => ({ isDone: true, message }),
    (error: Error) => {
      if (error instanceof StorageUnavailable) throw error;
      return { isDone: false, message: error.message };
    },
  );
  if (signal.aborted) return false;
  await orders.settle(order.id, outcome);
  log.info({ order, ...outcome }, 'an order was carried out');
  return true;
}

async function carryOut(order: Order, options: OrderOptions, signal: AbortSignal): Promise<string> {
  if (order.kind === 'reverify') return reverify(order, options, signal);
  if (order.kind === 'resync') return resync(order, options, signal);
  if (options.reconcile) return options.reconcile(order.repository, signal);
  throw new Error('this is the primary: the other sites compare themselves with it');
}

async function reverify(order: Order, options: OrderOptions, signal: AbortSignal): Promise<string> {
  const { damaged, unreadable, blobs, bytes } = order.repository
    ? await verify(listVerified(order, options), options, signal)
    : await verifyOlder(options.clock.now(), options, signal);
  const found = `${damaged.length} damaged, ${unreadable.length} could not be read`;
  return `${blobs} blobs of ${bytes} bytes were read: ${found}`;
}

/** Wants what is not verified here, and what was but is gone from the store. */
async function resync(order: Order, options: OrderOptions, signal: AbortSignal): Promise<string> {
  const { replicas, blobStore } = options;
  let [count, lacking] = [0, 0];
  for await (const digest of listNamed(order, options)) {
    if (signal.aborted) break;
    count += 1;
    const isHere = (await replicas.findVerified(digest)) && (await blobStore.find(digest));
    if (isHere) continue;
    lacking += 1;
    if (options.canHeal) await wantAnew(digest, options);
  }
  return `${count} blobs were looked for: ${lacking} are not here`;
}

/** Those that the order speaks of and that this site says it holds. */
async function* listVerified(order: Order, options: OrderOptions): AsyncGenerator<Digest> {
  for await (const digest of listNamed(order, options)) {
    if (await options.replicas.findVerified(digest)) yield digest;
  }
}

/** Blobs of the manifest with its children, of the repository, or of every repository. */
async function* listNamed(order: Order, options: OrderOptions): AsyncGenerator<Digest> {
  const { repository, digest } = order;
  if (repository && digest) yield* await listBlobsOf(digest, repository, options);
  else if (repository) yield* await listHeld(repository, options);
  else for await (const name of listRepositories(options)) yield* await listHeld(name, options);
}

async function listHeld(repository: RepositoryName, { inventory }: OrderOptions) {
  const { blobs } = await inventory.readHolding(repository);
  return blobs.map(({ digest }) => digest);
}

async function* listRepositories({ catalog, sync }: OrderOptions): AsyncGenerator<RepositoryName> {
  for (let after: RepositoryName | undefined; ; ) {
    const cursor = after === undefined ? {} : { after };
    const page = await catalog.listRepositories(sync, { limit: PAGE, ...cursor });
    yield* page;
    after = page.at(-1);
    if (page.length < PAGE) return;
  }
}

/** A child is one level below: an index of indexes is walked, each manifest once. */
async function listBlobsOf(
  manifest: Digest,
  repository: RepositoryName,
  { metadata }: OrderOptions,
): Promise<Digest[]> {
  const blobs = new Set<Digest>();
  const manifests = new Set([manifest]);
  // What is added while it runs is walked too.
  for (const digest of manifests) {
    const found = await metadata.findManifest(repository, digest);
    if (!found) throw new Error(`${repository}@${digest} is not known here`);
    const outline = outlineOf(parseManifest(found.content, found.mediaType));
    for (const child of outline.manifests) manifests.add(child);
    for (const blob of outline.blobs) blobs.add(blob);
  }
  return [...blobs];
}
