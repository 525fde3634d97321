/**
 * What external registries tell of their images: each is recorded, and where that registry is an
 * upstream from which images are copied, queued.
 */
import type { Clock } from '../../clock.ts';
import { hostOfUrl, hostsOf, type IncomingEvent } from '../../oci/events/incoming.ts';
import { isManifestType } from '../../oci/media-type.ts';
import { parseRepositoryName, type RepositoryName } from '../../oci/reference.ts';
import type { UpstreamOrigin, VirtualUpstream } from '../../oci/virtual-registry.ts';
import type { CopyOrder, ExternalImages, ToldImage } from '../../storage/events/external-images.ts';
import type { VirtualRegistries } from '../../storage/virtual/registries.ts';
import { mayAnswer } from '../candidates.ts';

interface Dependencies {
  readonly externalImages: Pick<ExternalImages, 'record'>;
  readonly virtualRegistries: Pick<VirtualRegistries, 'listUpstreams'>;
  readonly clock: Pick<Clock, 'now'>;
}

export interface Receipt {
  /** How many events there were. */
  readonly received: number;
  /** How many told of an image that was pushed, and are new. */
  readonly recorded: number;
  /** How many of those are to be copied. */
  readonly queued: number;
}

const PAGE = 500;
/** Stands for a registry that does not say where it is. */
const NOWHERE = 'unknown';

type RemoteOrigin = Extract<UpstreamOrigin, { kind: 'remote' }>;

interface Place {
  readonly upstream: VirtualUpstream;
  readonly origin: RemoteOrigin;
  readonly host: string;
  /** What stands before every name there, with a slash at its end, or ''. */
  readonly prefix: string;
}

export class EventInbox {
  readonly #images: Dependencies['externalImages'];
  readonly #registries: Dependencies['virtualRegistries'];
  readonly #clock: Dependencies['clock'];

  constructor({ externalImages, virtualRegistries, clock }: Dependencies) {
    this.#images = externalImages;
    this.#registries = virtualRegistries;
    this.#clock = clock;
  }

  /** Takes all of them or none. Idempotent by the ids of the events. */
  async take(events: readonly IncomingEvent[]): Promise<Receipt> {
    const receivedAt = this.#clock.now();
    const images = events.flatMap((event) => toImage(event, receivedAt) ?? []);
    if (images.length === 0) return { received: events.length, recorded: 0, queued: 0 };
    const places = await this.#listPlaces();
    const told = images.map(({ hosts, image }) => {
      return { image, order: findOrder(places, hosts, image) };
    });
    return { received: events.length, ...(await this.#images.record(told)) };
  }

  async #listPlaces(): Promise<Place[]> {
    const places: Place[] = [];
    for (let after: string | undefined; ; ) {
      const page = { limit: PAGE, ...(after === undefined ? {} : { after }) };
      const found = await this.#registries.listUpstreams(page);
      places.push(...found.flatMap((upstream) => toPlace(upstream) ?? []));
      if (found.length < PAGE) return places;
      after = found.at(-1)!.name;
    }
  }
}

interface Told {
  readonly hosts: readonly string[];
  readonly image: ToldImage;
}

/** Pulls, mounts, deletes and blobs tell of no image that is new. */
function toImage(event: IncomingEvent, receivedAt: Date): Told | undefined {
  const { id: eventId, action, target, actor, timestamp } = event;
  const { digest, mediaType = '', repository, tag, size } = target;
  if (action !== 'push' || !digest || !isManifestType(mediaType)) return undefined;
  const hosts = hostsOf(event);
  const image = {
    eventId,
    source: hosts[0] ?? NOWHERE,
    repository,
    digest,
    ...(tag === undefined ? {} : { tag }),
    mediaType,
    ...(size === undefined ? {} : { sizeBytes: size }),
    actor: actor?.name ?? '',
    // Nothing is pushed after it was told: else a clock that is ahead would be right for years.
    pushedAt: timestamp < receivedAt ? timestamp : receivedAt,
    receivedAt,
  };
  return { hosts, image };
}

function toPlace(upstream: VirtualUpstream): Place | undefined {
  const { origin } = upstream;
  const host = origin.kind === 'remote' ? hostOfUrl(origin.url) : undefined;
  if (origin.kind !== 'remote' || host === undefined) return undefined;
  const path = new URL(origin.url).pathname.replaceAll(/^\/+|\/+$/g, '');
  return { upstream, origin, host, prefix: path === '' ? '' : `${path}/` };
}

/** By the most telling host that is known; of several there the one that says most of the name. */
function findOrder(
  places: readonly Place[],
  hosts: readonly string[],
  { repository }: ToldImage,
): CopyOrder | undefined {
  for (const host of hosts) {
    const orders = places
      .filter((place) => place.host === host && repository.startsWith(place.prefix))
      .toSorted((one, other) => other.prefix.length - one.prefix.length)
      .flatMap((place) => toOrder(place, repository) ?? []);
    if (orders[0]) return orders[0];
  }
  return undefined;
}

function toOrder({ upstream, origin, prefix }: Place, name: RepositoryName): CopyOrder | undefined {
  const image = parseRepositoryName(name.slice(prefix.length));
  if (!image || origin.copyTo === undefined || !mayAnswer(upstream, image)) return undefined;
  const copiedAs = parseRepositoryName(`${origin.copyTo}/${image}`);
  return copiedAs && { upstream: upstream.name, image, copiedAs };
}
