/** When which byte of a blob came to a site, by the file that grows there: readers may be slow. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Digest } from '../../../../src/oci/digest.ts';
import { sharedStaging } from '../../../../src/registry/fill/turns.ts';

const LOOK_MS = 10;

export interface Arrivals {
  /** In milliseconds since 1970, at most one look late; 0 where nobody looked in time. */
  cameAt(position: number): number;
  end(): void;
}

/** @param data data directory of the site */
export function watchArrivals(data: string, digest: Digest): Arrivals {
  const staging = join(data, 'content', 'staging', sharedStaging(digest));
  const looks: { readonly atMs: number; readonly sizeBytes: number }[] = [];
  const ended = new AbortController();
  const look = async () => {
    while (!ended.signal.aborted) {
      const stats = await stat(staging).catch(() => undefined);
      if (stats) {
        const atMs = performance.timeOrigin + performance.now();
        looks.push({ atMs, sizeBytes: stats.size });
      }
      await sleep(LOOK_MS);
    }
  };
  void look();
  return {
    cameAt: (position) => looks.find(({ sizeBytes }) => sizeBytes > position)?.atMs ?? 0,
    end: () => ended.abort(),
  };
}
