/**
 * How an event is written to a webhook, signed as Standard Webhooks say: as a CloudEvent, or in the
 * envelope of distribution.
 *
 * > The structured-mode HTTP message … Content-Type: application/cloudevents+json
 * > (CloudEvents HTTP Protocol Binding 1.0, section 3.2)
 */
import { createHmac } from 'node:crypto';
import { type RegistryEvent, siteOf } from '../oci/events/event.ts';
import type { WebhookFormat } from '../storage/events/webhooks.ts';
import { writeEnvelope } from './envelope.ts';

/** Who tells it: events that name no site happened there. */
export interface Sender {
  readonly cluster: string;
  readonly site: string;
}

export interface LetterOptions {
  readonly event: RegistryEvent;
  readonly sender: Sender;
  readonly format?: WebhookFormat | undefined;
  /** Whatever else is to be sent; none of ours is among them. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly secret?: string | undefined;
  /** When it is sent: an old letter that is sent again by somebody else shows its age. */
  readonly at: Date;
}

export interface WrittenEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const SECRET = /^whsec_(?<key>[A-Za-z0-9+/]{32,86}={0,2})$/;

/** Whether it is `whsec_` and 24 to 64 bytes in base64. */
export function isSecret(text: string): boolean {
  const { length } = keyOf(text);
  return SECRET.test(text) && length >= 24 && length <= 64;
}

/** The same event gives the same body and `webhook-id`, however often it is written. */
export function writeLetter(options: LetterOptions): WrittenEvent {
  const { event, sender, secret, at } = options;
  const { type, body } =
    options.format === 'distribution' && event.type !== 'image.complete'
      ? writeEnvelope(event)
      : writeCloudEvent(event, sender);
  const { id } = event;
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const headers = {
    ...options.headers,
    'Content-Type': type,
    'User-Agent': 'Meridian',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
  };
  if (secret === undefined) return { headers, body };
  const signature = sign(secret, `${id}.${timestamp}.${body}`);
  return { headers: { ...headers, 'webhook-signature': signature }, body };
}

function writeCloudEvent(event: RegistryEvent, { cluster, site }: Sender) {
  const { id, type, subject, time, data } = event;
  const source = `/${cluster}/${siteOf(event) ?? site}`;
  const about = { specversion: '1.0', id, source, type: `meridian.${type}`, subject, time };
  return {
    type: 'application/cloudevents+json; charset=utf-8',
    body: JSON.stringify({ ...about, datacontenttype: 'application/json', data }),
  };
}

/** > `v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body` (Standard Webhooks 1.0) */
export function sign(secret: string, content: string): string {
  return `v1,${createHmac('sha256', keyOf(secret)).update(content).digest('base64')}`;
}

function keyOf(secret: string): Buffer {
  return Buffer.from(SECRET.exec(secret)?.groups?.['key'] ?? '', 'base64');
}
