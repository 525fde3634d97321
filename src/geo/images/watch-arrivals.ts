/** Tells when what is pushed under a tag is whole at the other sites, from the facts themselves. */
import type { Clock } from '../../clock.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';
import type { Change, ChangeLog } from '../../storage/change-log.ts';
import type { Arrivals } from '../../storage/geo/arrivals.ts';
import type { Sites } from '../../storage/sites.ts';
import { Bell } from '../bell.ts';

export interface WatchedStores {
  readonly changeLog: Pick<ChangeLog, 'head' | 'list' | 'watch'>;
  readonly arrivals: Pick<Arrivals, 'listSites' | 'watch'>;
  readonly sites: Pick<Sites, 'listSites'>;
  readonly clock: Clock;
}

export interface SeenArrival {
  readonly site: string;
  readonly repository: RepositoryName;
  readonly tag: Tag;
  readonly digest: Digest;
  /** Between the push and the last byte, in milliseconds; 0 where all was there before. */
  readonly elapsedMs: number;
}

interface Pushed extends Omit<SeenArrival, 'site' | 'elapsedMs'> {
  readonly at: Date;
  /** Sites of which it was told that they have it. */
  readonly told: Set<string>;
}

/** Looks again so often, should a call to look have been lost. */
const LOOK_AGAIN_MS = 1000;
const PAGE = 500;

/** What never becomes whole anywhere is forgotten behind so many that came later. */
const MAX_WAITING = 1000;

/**
 * At the primary, from now on until the signal aborts.
 *
 * @param own name of this site
 * @throws StorageUnavailable
 */
export async function watchArrivals(
  stores: WatchedStores,
  { own, onArrival }: { readonly own: string; readonly onArrival: (seen: SeenArrival) => void },
  signal: AbortSignal,
): Promise<void> {
  const { changeLog, arrivals, sites, clock } = stores;
  const bell = new Bell(clock);
  const stops = [changeLog, arrivals].map((store) => store.watch(() => bell.ring()));
  let waiting: readonly Pushed[] = [];
  try {
    let position = await changeLog.head();
    while (!signal.aborted) {
      const changes = await changeLog.list({ after: position, limit: PAGE });
      position = changes.at(-1)?.position ?? position;
      waiting = [...waiting, ...changes.flatMap(pushedIn)].slice(-MAX_WAITING);
      const others = (await sites.listSites()).map(({ name }) => name).filter((n) => n !== own);
      for (const pushed of waiting) await tellNew(stores, pushed, onArrival);
      waiting = waiting.filter(({ told }) => others.some((name) => !told.has(name)));
      if (changes.length < PAGE) await bell.wait(LOOK_AGAIN_MS, signal);
    }
  } finally {
    for (const stop of stops) stop();
  }
}

function pushedIn({ fact, at }: Change): Pushed[] {
  if (fact.kind !== 'manifest-recorded') return [];
  const { repository, digest, tags } = fact;
  return tags.map((tag) => ({ repository, digest, tag, at, told: new Set<string>() }));
}

async function tellNew(
  { arrivals }: Pick<WatchedStores, 'arrivals'>,
  { told, at, ...image }: Pushed,
  onArrival: (seen: SeenArrival) => void,
): Promise<void> {
  for (const arrival of await arrivals.listSites(image.repository, image.digest)) {
    if (told.has(arrival.site)) continue;
    told.add(arrival.site);
    const elapsedMs = Math.max(0, arrival.at.getTime() - at.getTime());
    onArrival({ site: arrival.site, ...image, elapsedMs });
  }
}
