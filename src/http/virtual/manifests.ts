/** `/v2/<virtual>/manifests/<reference>`. */
import type { Reference } from '../../oci/reference.ts';
import type { StoredManifest } from '../../storage/metadata.ts';
import type { ManifestWord, VirtualReading } from '../../virtual/call.ts';
import { type Answer, API_VERSION, type Headers } from '../answer.ts';
import type { Call } from '../v2/call.ts';
import { matchesEtag, unchanged } from '../v2/conditions.ts';
import { manifestHeaders } from '../v2/manifests.ts';
import type { Services } from '../v2/services.ts';
import { printAge, printReading, virtualCallOf } from './reading.ts';

/** A manifest, or what a HEAD tells of one. */
type Found = StoredManifest | (ManifestWord & { readonly content?: Buffer });

/** Headers of a hit that is kept in memory are made once, all but its age. */
const remembered = new WeakMap<Found, Readonly<Record<Reference['kind'], Headers>>>();

/** A HEAD says what a GET would, and brings no content here (V10). */
export async function getVirtualManifest(call: Call, { virtual }: Services): Promise<Answer> {
  const { reference } = call;
  const asked = virtualCallOf(call);
  const reading: VirtualReading<Found> = call.isHead
    ? await virtual.headManifest(asked, reference)
    : await virtual.getManifest(asked, reference);
  const { found } = reading;
  const headers = headersOf(reading, reference.kind);
  if (matchesEtag(call.headers['if-none-match'], found.digest)) return unchanged(headers);
  const isAnswered = call.isHead || found.content === undefined;
  return { status: 200, headers, ...(isAnswered ? {} : { body: found.content }) };
}

function headersOf(reading: VirtualReading<Found>, by: Reference['kind']): Headers {
  const { found, source, ageMs, namespace } = reading;
  const ofHit = (remembered.get(found) ?? makeHeaders(found))[by];
  if (source !== 'hit' || namespace !== undefined) return { ...ofHit, ...printReading(reading) };
  return ageMs === undefined ? ofHit : { ...ofHit, ...printAge(ageMs) };
}

function makeHeaders(found: Found): Readonly<Record<Reference['kind'], Headers>> {
  const sizeBytes = 'sizeBytes' in found ? found.sizeBytes : found.content.length;
  const common = { ...API_VERSION, 'Meridian-Source': 'hit' };
  const made = {
    digest: { ...common, ...manifestHeaders({ ...found, sizeBytes }, 'digest') },
    tag: { ...common, ...manifestHeaders({ ...found, sizeBytes }, 'tag') },
  };
  remembered.set(found, made);
  return made;
}
