/** `/v2/<virtual>/blobs/<digest>`. */
import type { Answer } from '../answer.ts';
import { answerBlob } from '../v2/blobs.ts';
import type { Call } from '../v2/call.ts';
import { delegateBlob } from '../v2/delegate.ts';
import type { Services } from '../v2/services.ts';
import { printNamespace, virtualCallOf } from './reading.ts';

/** A blob never changes, so it has no age; what is not here comes as the upstream sends it. */
export async function getVirtualBlob(call: Call, services: Services): Promise<Answer> {
  const { virtual } = services;
  const asked = virtualCallOf(call);
  const blob = await virtual.getBlob(asked, call.digest);
  const { isHere, namespace } = blob;
  return answerBlob(call, {
    ...blob,
    headers: { 'Meridian-Source': isHere ? 'hit' : 'miss', ...printNamespace(namespace) },
    open: (range) => virtual.openBlob(asked, blob, range),
    delegate: async (headers) => (isHere ? delegateBlob(call, services, headers) : undefined),
  });
}
