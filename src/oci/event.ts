/**
 * The words for what is told to others: an event, who wants it, and why it could not be told.
 */
import { type Digest, digestOf, hexOf } from './digest.ts';
import { matchesPath, type PathPattern } from './path-pattern.ts';
import type { RepositoryName, Tag } from './reference.ts';

/**
 * - `image.complete`: every byte of a manifest, and of all that it names, was verified at a site
 */
export const EVENT_TYPES = ['image.complete'] as const;
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

export interface RegistryEvent {
  /** The same however often it is told. */
  readonly id: string;
  readonly type: EventType;
  /** What it is about: events of one subject are told in their order. */
  readonly subject: string;
  /** When the primary recorded it, ISO 8601. */
  readonly time: string;
  readonly data: ImageAtSite;
}

/** Which events somebody wants. */
export interface EventFilter {
  readonly types: readonly EventType[];
  readonly repositories: readonly PathPattern[];
  /** Where it happened; anywhere for none. */
  readonly sites: readonly string[];
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
export function completionOf(data: ImageAtSite, recordedAt: Date): RegistryEvent {
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

export function wantsEvent(filter: EventFilter, { type, data }: RegistryEvent): boolean {
  return (
    filter.types.includes(type) &&
    filter.repositories.some((pattern) => matchesPath(pattern, data.repository)) &&
    (filter.sites.length === 0 || filter.sites.includes(data.site))
  );
}
