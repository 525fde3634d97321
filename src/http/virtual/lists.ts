/** `/v2/<virtual>/tags/list` and `/v2/<virtual>/referrers/<digest>` (V16). */
import type { Answer } from '../answer.ts';
import type { Call } from '../v2/call.ts';
import { filterHeaders, indexAnswer, readArtifactType } from '../v2/referrers.ts';
import type { Services } from '../v2/services.ts';
import { answerTags } from '../v2/tags.ts';
import { virtualCallOf } from './reading.ts';

export async function listVirtualTags(call: Call, { virtual }: Services): Promise<Answer> {
  const asked = virtualCallOf(call);
  return answerTags(call, {
    list: (page) => virtual.listTags(asked, page),
    check: () => virtual.listTags(asked, { limit: 1 }),
  });
}

export async function listVirtualReferrers(call: Call, { virtual }: Services): Promise<Answer> {
  const artifactType = readArtifactType(call);
  const query = { subject: call.digest, ...(artifactType === undefined ? {} : { artifactType }) };
  const items = await virtual.listReferrers(virtualCallOf(call), query);
  return indexAnswer(items, filterHeaders(artifactType));
}
