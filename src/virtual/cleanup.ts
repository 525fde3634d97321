/**
 * What leaves the cache of this site by itself: what nobody pulled for so many days, and where a
 * registry holds more than it may, what was not pulled for longest (V19). Entries alone go; their
 * bytes go with the garbage, once nothing names them.
 */
import type { Clock } from '../clock.ts';
import type { VirtualRegistry } from '../oci/virtual-registry.ts';
import type { CacheEntry, VirtualCache } from '../storage/virtual/cache.ts';
import type { VirtualRegistries } from '../storage/virtual/registries.ts';

export interface CleanupOptions {
  readonly virtualRegistries: Pick<VirtualRegistries, 'listRegistries'>;
  readonly virtualCache: Pick<VirtualCache, 'listUnused' | 'measure' | 'deleteEntry'>;
  readonly clock: Pick<Clock, 'now'>;
}

const DAY_MS = 24 * 3_600_000;
const PAGE = 100;
/** What was pulled just now may be in the middle of it: its blobs are still to be asked for. */
const PULLING_MS = 10 * 60 * 1000;
/** After so many entries it is measured again: several may share their blobs. */
const STRIDE = 20;

/** @returns how many entries went */
export async function cleanUp(options: CleanupOptions): Promise<{ readonly entries: number }> {
  const registries = await listAll(options);
  let entries = 0;
  for (const [days, upstreams] of groupByDays(registries)) {
    const before = new Date(options.clock.now().getTime() - days * DAY_MS);
    entries += await deleteUnused(upstreams, before, options);
  }
  for (const registry of registries) entries += await shrink(registry, options);
  return { entries };
}

async function listAll({ virtualRegistries }: CleanupOptions): Promise<VirtualRegistry[]> {
  const all: VirtualRegistry[] = [];
  for (;;) {
    const after = all.at(-1)?.name;
    const page = await virtualRegistries.listRegistries({
      limit: PAGE,
      ...(after === undefined ? {} : { after }),
    });
    all.push(...page);
    if (page.length < PAGE) return all;
  }
}

/** Upstreams by the days that the most patient registry which lists them gives. */
function groupByDays(registries: readonly VirtualRegistry[]): Map<number, string[]> {
  const days = new Map<string, number>();
  for (const { upstreams, unusedDays = Number.POSITIVE_INFINITY } of registries) {
    for (const name of upstreams) days.set(name, Math.max(days.get(name) ?? 0, unusedDays));
  }
  const groups = new Map<number, string[]>();
  for (const [name, count] of days) {
    if (Number.isFinite(count)) groups.set(count, [...(groups.get(count) ?? []), name]);
  }
  return groups;
}

async function deleteUnused(
  upstreams: readonly string[],
  before: Date,
  { virtualCache }: CleanupOptions,
): Promise<number> {
  for (let count = 0; ; ) {
    const page = await virtualCache.listUnused(upstreams, { before, limit: PAGE });
    await deleteAll(page, virtualCache);
    count += page.length;
    if (page.length < PAGE) return count;
  }
}

async function shrink(
  { upstreams, maxBytes }: VirtualRegistry,
  { virtualCache, clock }: CleanupOptions,
): Promise<number> {
  if (maxBytes === undefined) return 0;
  const before = new Date(clock.now().getTime() - PULLING_MS);
  for (let count = 0; ; ) {
    const { sizeBytes } = await virtualCache.measure(upstreams);
    if (sizeBytes <= maxBytes) return count;
    const page = await virtualCache.listUnused(upstreams, { before, limit: STRIDE });
    const enough = takeUntil(page, sizeBytes - maxBytes);
    await deleteAll(enough, virtualCache);
    count += enough.length;
    if (page.length === 0) return count;
  }
}

/** The first of them that hold so much together, as if none shared anything. */
function takeUntil(entries: readonly CacheEntry[], sizeBytes: number): CacheEntry[] {
  let left = sizeBytes;
  const end = entries.findIndex((entry) => (left -= entry.sizeBytes) <= 0);
  return entries.slice(0, end === -1 ? entries.length : end + 1);
}

async function deleteAll(
  entries: readonly CacheEntry[],
  virtualCache: Pick<VirtualCache, 'deleteEntry'>,
): Promise<void> {
  for (const entry of entries) await virtualCache.deleteEntry(entry);
}
