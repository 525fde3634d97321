/**
 * How an event is written to a webhook: as a CloudEvent, signed as Standard Webhooks say.
 *
 * > The structured-mode HTTP message … Content-Type: application/cloudevents+json
 * > (CloudEvents HTTP Protocol Binding 1.0, section 3.2)
 */
import { createHmac } from 'node:crypto';
import type { RegistryEvent } from '../oci/events/event.ts';

export interface LetterOptions {
  readonly event: RegistryEvent;
  /** Name of the cluster. */
  readonly cluster: string;
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
export function writeLetter({ event, cluster, secret, at }: LetterOptions): WrittenEvent {
  const { id, type, subject, time, data } = event;
  const source = `/${cluster}/${data.site}`;
  const about = { specversion: '1.0', id, source, type: `meridian.${type}`, subject, time };
  const body = JSON.stringify({ ...about, datacontenttype: 'application/json', data });
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const headers = {
    'Content-Type': 'application/cloudevents+json; charset=utf-8',
    'User-Agent': 'Meridian',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
  };
  if (secret === undefined) return { headers, body };
  const signature = sign(secret, `${id}.${timestamp}.${body}`);
  return { headers: { ...headers, 'webhook-signature': signature }, body };
}

/** > `v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body` (Standard Webhooks 1.0) */
export function sign(secret: string, content: string): string {
  return `v1,${createHmac('sha256', keyOf(secret)).update(content).digest('base64')}`;
}

function keyOf(secret: string): Buffer {
  return Buffer.from(SECRET.exec(secret)?.groups?.['key'] ?? '', 'base64');
}
