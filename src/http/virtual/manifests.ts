/** `/v2/<virtual>/manifests/<reference>`. */
import type { ManifestWord, VirtualReading } from '../../virtual/call.ts';
import type { Answer } from '../answer.ts';
import type { Call } from '../v2/call.ts';
import { matchesEtag, unchanged } from '../v2/conditions.ts';
import { manifestHeaders } from '../v2/manifests.ts';
import type { Services } from '../v2/services.ts';
import { printReading, virtualCallOf } from './reading.ts';

/** A HEAD says what a GET would, and brings no content here (V10). */
export async function getVirtualManifest(call: Call, { virtual }: Services): Promise<Answer> {
  const { reference } = call;
  const asked = virtualCallOf(call);
  if (call.isHead) {
    const { found, ...origin } = await virtual.headManifest(asked, reference);
    return answer(call, origin, found);
  }
  const { found, ...origin } = await virtual.getManifest(asked, reference);
  return answer(call, origin, { ...found, sizeBytes: found.content.length });
}

function answer(
  call: Call,
  origin: Omit<VirtualReading<unknown>, 'found'>,
  { content, ...word }: ManifestWord & { readonly content?: Buffer },
): Answer {
  const headers = { ...manifestHeaders(word, call.reference.kind), ...printReading(origin) };
  if (matchesEtag(call.headers['if-none-match'], word.digest)) return unchanged(headers);
  return { status: 200, headers, ...(content ? { body: content } : {}) };
}
