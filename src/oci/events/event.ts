/**
 * The words for what is told to others: an event, who wants it, and why it could not be told.
 */
import { type Digest, digestOf, hexOf } from '../digest.ts';
import { matchesPath, type PathPattern } from '../path-pattern.ts';
import type { RepositoryName, Tag } from '../reference.ts';
import { DEED_TYPES, type Deed, type DeedType, type TypedDeed } from './deed.ts';

/**
 * - `image.complete`: every byte of a manifest, and of all that it names, was verified at a site
 * - `push`, `pull`, `mount`, `delete`: what somebody did with a manifest, a blob or a tag
 */
export const EVENT_TYPES = ['image.complete', ...DEED_TYPES] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** A manifest at a site. Times are ISO 8601. */
export interface ImageAtSite {
  readonly site: string;
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** Those that point to it when the event comes to be, {@link MAX_TAGS} at most. */
  readonly tags: readonly Tag[];
  /** By the clock of that site. */
  readonly arrivedAt: string;
}

interface Told<Type extends EventType, Data> {
  /** The same however often it is told. */
  readonly id: string;
  readonly type: Type;
  /** What it is about: events of one subject are told in their order. */
  readonly subject: string;
  /** When the primary recorded it, ISO 8601; of a pull, when it happened. */
  readonly time: string;
  readonly data: Data;
}

export type CompletionEvent = Told<'image.complete', ImageAtSite>;
export type DeedEvent = Told<DeedType, Deed>;
export type RegistryEvent = CompletionEvent | DeedEvent;

/** Which events somebody wants. */
export interface EventFilter {
  readonly types: readonly EventType[];
  readonly repositories: readonly PathPattern[];
  /** Where it happened; anywhere for none. */
  readonly sites: readonly string[];
  /** Any where absent. What has none itself, as most deletes, is told whatever is asked for. */
  readonly mediaTypes?: readonly string[];
}

/**
 * Why an event could not be told.
 *
 * - `refused`: it was answered with another status than 2xx; redirects are not followed
 * - `forbidden-address`: the address is one that webhooks may not reach
 */
export const FAILURES = [
  'refused',
  'timeout',
  'no-connection',
  'unknown-host',
  'forbidden-address',
  'broken',
] as const;
export type DeliveryFailure = (typeof FAILURES)[number];

/** An event names no more tags of an image: there may be thousands. */
export const MAX_TAGS = 100;

const ID_DIGITS = 32;

/** The event that an image is whole at a site. The same arrival makes the same event. */
export function completionOf(data: ImageAtSite, recordedAt: Date): CompletionEvent {
  const { site, repository, digest, arrivedAt } = data;
  const type = 'image.complete';
  const identity = [type, site, repository, digest, arrivedAt].join('\n');
  return {
    id: hexOf(digestOf(identity)).slice(0, ID_DIGITS),
    type,
    subject: `${repository}@${digest}`,
    time: recordedAt.toISOString(),
    data,
  };
}

/** The event of a deed; deeds in one repository are told in their order. @param id UUID */
export function eventOfDeed({ type, deed }: TypedDeed, id: string, at: Date): DeedEvent {
  return { id, type, subject: deed.repository, time: at.toISOString(), data: deed };
}

/** Where it happened; at the primary where that is not known. */
export function siteOf({ data }: RegistryEvent): string | undefined {
  return 'site' in data ? data.site : data.request?.server.site;
}

export function wantsEvent(filter: EventFilter, event: RegistryEvent): boolean {
  const { type, data } = event;
  const site = siteOf(event);
  return (
    filter.types.includes(type) &&
    filter.repositories.some((pattern) => matchesPath(pattern, data.repository)) &&
    (filter.sites.length === 0 || (site !== undefined && filter.sites.includes(site))) &&
    isAskedFor(filter, data)
  );
}

function isAskedFor({ mediaTypes }: EventFilter, data: RegistryEvent['data']): boolean {
  const mediaType = 'mediaType' in data ? data.mediaType : undefined;
  return !mediaTypes || mediaType === undefined || mediaTypes.includes(mediaType);
}
