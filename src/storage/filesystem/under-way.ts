/**
 * What this process knows of the stagings that it writes: how far they grew, for those who read
 * along, and the hash of what it wrote. Node cannot save a half-done hash, so it lives in memory;
 * where it is missing or no longer fits the file, the file is read again.
 */
import type { BigIntStats } from 'node:fs';
import { LRUCache } from 'lru-cache';
import type { Hasher } from '../../oci/digest.ts';
import { Growth } from '../growth.ts';

/** More uploads than one process ever has under way; those that end elsewhere drop out in time. */
const MOST_STAGINGS = 10_000;

/** The unit of `st_blocks`, whatever the file system's own is. */
const BLOCK_BYTES = 512n;

interface UnderWay {
  readonly growth: Growth;
  /** Whether an append runs just now: between two, another process may write. */
  isWritten?: boolean;
  hasher?: Hasher | undefined;
  /** The file as it was when the hasher had seen all of it. */
  seal?: string;
}

export class UnderWayStagings {
  readonly #stagings = new LRUCache<string, UnderWay>({
    max: MOST_STAGINGS,
    dispose: ({ growth }) => growth.end(new Error('the staging is no longer written here')),
  });

  /** How far the staging grew; begins to watch it at `lengthBytes` where nobody did. */
  growthOf(staging: string, lengthBytes: number): Growth {
    const known = this.#stagings.get(staging);
    if (known) return known.growth;
    const growth = new Growth(lengthBytes);
    this.#stagings.set(staging, { growth });
    return growth;
  }

  /** An append of this process has begun, or has ended. */
  setWritten(staging: string, isWritten: boolean): void {
    const known = this.#stagings.get(staging);
    if (known) known.isWritten = isWritten;
  }

  isWritten(staging: string): boolean {
    return this.#stagings.get(staging)?.isWritten === true;
  }

  /** Takes the hash out, where it has seen exactly the file as it stands. */
  takeHasher(staging: string, stats: BigIntStats): Hasher | undefined {
    const known = this.#stagings.get(staging);
    const hasSeenAll = known?.seal === sealOf(stats) && !hasHole(stats);
    const hasher = hasSeenAll ? known.hasher : undefined;
    if (known) known.hasher = undefined;
    return hasher;
  }

  keepHasher(staging: string, hasher: Hasher, stats: BigIntStats): void {
    const known = this.#stagings.get(staging);
    if (known) Object.assign(known, { hasher, seal: sealOf(stats) });
  }

  /** The staging is a blob now, or gone: who waits for more of it is told. */
  forget(staging: string): void {
    this.#stagings.delete(staging);
  }
}

/** Tells whether somebody else wrote to the file since, at the same length too. */
function sealOf(stats: BigIntStats): string {
  return `${stats.ino}:${stats.size}:${stats.mtimeNs}`;
}

/**
 * Somebody who lost the staging to us, or we to them, may have cut the file while the other wrote
 * on: what was cut reads as zeros that nobody hashed. Such a file has fewer blocks than bytes.
 */
function hasHole({ blocks, size }: BigIntStats): boolean {
  return blocks * BLOCK_BYTES < size;
}
