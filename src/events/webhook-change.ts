/** What an administrator wants of a webhook, and what none can be. */
import { RegistryError } from '../oci/error.ts';
import { DEED_TYPES } from '../oci/events/deed.ts';
import type { EventFilter } from '../oci/events/event.ts';
import type { PathPattern } from '../oci/path-pattern.ts';
import type { Webhook, WebhookFormat, WebhookSettings } from '../storage/events/webhooks.ts';
import { isSecret } from './letter.ts';

type Nullable<Values> = { readonly [Key in keyof Values]?: Values[Key] | null };

/**
 * What is to be other than it was; what is absent stays, or is the default of a new one. `null`
 * takes away what need not be there.
 */
export interface WebhookChange
  extends Partial<Omit<EventFilter, 'mediaTypes'>>,
    Nullable<Pick<EventFilter, 'mediaTypes'>>,
    Nullable<Omit<WebhookSettings, 'format'>> {
  readonly url?: string;
  readonly secret?: string | null;
  readonly isEnabled?: boolean;
  readonly format?: WebhookFormat;
}

/** What one is told that does not say so. */
const WANTED_TYPES = { cloudevents: ['image.complete'], distribution: DEED_TYPES } as const;
const EVERYWHERE = { repositories: ['**' as PathPattern], sites: [] };

/** No underscores, which some servers take for hyphens. */
const HEADER_NAME = /^[A-Za-z][A-Za-z0-9-]{0,63}$/;
const HEADER_VALUE = /^[ -~\t]{0,4000}$/;
const MAX_HEADERS = 20;

/** Written by us, or by whoever speaks HTTP for us. */
const OWN_HEADER = new RegExp(
  '^(?:host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|user-agent|' +
    'keep-alive|proxy-.*|webhook-.*)$',
  'i',
);

/**
 * The webhook as it is to be.
 *
 * @throws RegistryError UNSUPPORTED (400): a secret that is none, a header that is not to be had,
 * a type that the format has no word for, or a URL of somebody who must not have what is kept
 */
export function applyChange(
  name: string,
  known: Webhook | undefined,
  { types, repositories, sites, mediaTypes, ...change }: WebhookChange,
): Webhook {
  const format = change.format ?? known?.format ?? 'cloudevents';
  const wanted = known?.wants ?? { types: WANTED_TYPES[format], ...EVERYWHERE };
  const wants = merge<EventFilter>(wanted, { types, repositories, sites, mediaTypes });
  const webhook = merge<Webhook>({ name, url: '', isEnabled: true, ...known, wants }, change);
  assertSecret(change.secret);
  if (known) assertSameReader(known, webhook, change);
  assertHeaders(change.headers ?? {});
  if (format === 'distribution' && wants.types.includes('image.complete')) {
    throw refusal('the distribution format has no word for image.complete');
  }
  return webhook;
}

/** Takes away what is `null`, and leaves as it was what is not given. */
function merge<Values extends object>(before: Values, change: Nullable<Values>): Values {
  const merged = new Map(Object.entries(before));
  for (const [key, value] of Object.entries(change)) {
    if (value === null) merged.delete(key);
    else if (value !== undefined) merged.set(key, value);
  }
  return Object.fromEntries(merged) as Values;
}

/**
 * What was given for one receiver is never sent to another one by a change of the URL alone: nor a
 * signature, which the new one could show to the old one.
 */
function assertSameReader(
  known: Webhook,
  webhook: Webhook,
  { secret, headers }: Pick<WebhookChange, 'secret' | 'headers'>,
): void {
  if (originOf(known.url) === originOf(webhook.url)) return;
  const isSecretKept = known.secret !== undefined && secret === undefined;
  const areHeadersKept = known.headers !== undefined && headers === undefined;
  if (!isSecretKept && !areHeadersKept) return;
  throw refusal('give the secret and the headers again, or null for none: the URL leads elsewhere');
}

/** A URL that is none is refused elsewhere. */
function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}

function assertSecret(secret: string | null | undefined): void {
  if (typeof secret !== 'string' || isSecret(secret)) return;
  throw refusal('a secret is whsec_ and 24 to 64 bytes in base64');
}

/** A line break in a value would begin a header of its own. The value itself is never quoted. */
function assertHeaders(headers: Readonly<Record<string, string>>): void {
  const entries = Object.entries(headers);
  if (entries.length > MAX_HEADERS) throw refusal(`there are at most ${MAX_HEADERS} headers`);
  for (const [name, value] of entries) {
    if (!HEADER_NAME.test(name)) throw refusal('a header has a name of letters and hyphens');
    if (OWN_HEADER.test(name)) throw refusal(`the header ${name} is written by the registry`);
    if (!HEADER_VALUE.test(value)) throw refusal(`the value of ${name} is none that may be sent`);
  }
}

export function refusal(message: string): RegistryError {
  return new RegistryError('UNSUPPORTED', { status: 400, message });
}
