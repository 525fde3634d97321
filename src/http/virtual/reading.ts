/** A request to a virtual registry, and what is said of an answer from one (V14). */
import { SiteCaller } from '../../auth/calls/site-calls.ts';
import type { VirtualCall, VirtualReading } from '../../virtual/call.ts';
import type { Headers } from '../answer.ts';
import type { Call } from '../v2/call.ts';
import { STALE } from '../v2/origin.ts';

/** By which another site of the cluster says which upstream it asks for. */
export const UPSTREAM_HEADER = 'meridian-upstream';

/** > `ns` … the registry that the client means (containerd, docs/hosts.md) */
export function virtualCallOf(call: Call): VirtualCall {
  const { registry, image } = call.virtual;
  const isMirror = call.name === image;
  const namespace = (isMirror && call.query.get('ns')) || undefined;
  const isSite = call.caller instanceof SiteCaller;
  const upstream = isSite ? call.headers[UPSTREAM_HEADER] : undefined;
  return { registry, image, namespace, upstream: upstream?.toString(), asOf: call.caller.asOf };
}

/** Headers of the upstream are never passed on: these are all that speak of it. */
export function printReading(reading: Omit<VirtualReading<unknown>, 'found'>): Headers {
  const { source, ageMs, isStale, namespace } = reading;
  return {
    'Meridian-Source': source,
    ...(ageMs === undefined ? {} : printAge(ageMs)),
    ...(isStale ? STALE : {}),
    ...printNamespace(namespace),
  };
}

export function printAge(ageMs: number): Headers {
  const age = ageMs / 1000;
  return { 'Meridian-Age': age.toFixed(3), Age: Math.floor(age) };
}

/** Only where it was honoured (V17). */
export function printNamespace(namespace: string | undefined): Headers {
  return namespace === undefined ? {} : { 'OCI-Namespace': namespace };
}
