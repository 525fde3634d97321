/**
 * The envelope of distribution's notifications: what its receivers, and GitLab's, understand.
 *
 * > The envelope contains one or more events, with the following json structure:
 * > { "events": [ … ] }
 * > (distribution, docs/content/about/notifications.md)
 */
import type { RequestDetails } from '../oci/events/actor.ts';
import type { Deed } from '../oci/events/deed.ts';
import type { DeedEvent } from '../oci/events/event.ts';
import { OCTET_STREAM } from '../oci/media-type.ts';

export const ENVELOPE_TYPE = 'application/vnd.docker.distribution.events.v2+json';

/** Of one event. What a delete is about is gone: its target has no type, no size and no URL. */
export function writeEnvelope({ id, type: action, time: timestamp, data }: DeedEvent) {
  const { request } = data;
  const event = {
    id,
    timestamp,
    action,
    target: action === 'delete' ? namesOf(data) : targetOf(data),
    request: request ? requestOf(request) : { id: '', method: '', useragent: '' },
    actor: data.actor === '' ? {} : { name: data.actor },
    source: request ? sourceOf(request) : {},
  };
  return { type: ENVELOPE_TYPE, body: JSON.stringify({ events: [event] }) };
}

function namesOf({ digest, repository, tag }: Deed) {
  return { ...(digest ? { digest } : {}), repository, ...(tag ? { tag } : {}) };
}

function targetOf(deed: Deed) {
  const { mediaType, digest, sizeBytes, repository, fromRepository, tag, request } = deed;
  const kind = mediaType === OCTET_STREAM ? 'blobs' : 'manifests';
  return {
    mediaType,
    digest,
    size: sizeBytes,
    length: sizeBytes,
    repository,
    ...(fromRepository ? { fromRepository } : {}),
    ...(request ? { url: `${request.baseUrl}/v2/${repository}/${kind}/${digest}` } : {}),
    ...(tag ? { tag } : {}),
  };
}

function requestOf({ id, address: addr, baseUrl, method, userAgent: useragent }: RequestDetails) {
  return { id, addr, host: new URL(baseUrl).host, method, useragent };
}

function sourceOf({ server: { address: addr, instance: instanceID } }: RequestDetails) {
  return { addr, instanceID };
}
