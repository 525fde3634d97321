/**
 * Calls of the distribution API that are the primary's. Whether the caller may was decided here
 * before; the primary decides again.
 */
import { Readable } from 'node:stream';
import { type Passage, POSITION_HEADER } from '../../geo/passage.ts';
import { EPOCH_HEADER, parseEpoch } from '../../geo/role.ts';
import { parseScope } from '../../oci/scope.ts';
import type { Answer } from '../answer.ts';
import type { Forward } from '../app.ts';
import type { Call } from '../v2/call.ts';
import { hasBody, isUpload, type PassOn } from './pass-on.ts';

/** At a secondary: passes each call on to the primary. */
export function forwardToPrimary(passOn: PassOn): Forward {
  return async (call) => {
    const { request, context } = call;
    // The client is told to send the body only now (T32).
    const body = hasBody(request) ? Readable.from(call.body, { objectMode: false }) : undefined;
    const answer = await passOn({ request, response: context.res, body });
    return answer.status === 401 ? challengeHere(call, answer) : answer;
  };
}

/** What the primary wants a token for is to be had here: clients may not reach its host (T2). */
function challengeHere(call: Call, { headers, body }: Answer): never {
  if (body instanceof Readable) body.resume();
  const [, scopes = ''] = /scope="([^"]*)"/.exec(String(headers['www-authenticate'])) ?? [];
  throw call.unauthorized(
    scopes
      .split(' ')
      .map(parseScope)
      .filter((scope) => scope !== undefined),
  );
}

/** At the primary: says of each write that was passed on where in the log it is. */
export function answerWithPosition(passage: Passage): Forward {
  return async ({ request }, handle) => {
    const answer = await handle();
    const isForwarded = parseEpoch(request.headers[EPOCH_HEADER] as string) !== undefined;
    if (!isForwarded || isUpload(request.url ?? '')) return answer;
    const position = await passage.getPosition();
    return { ...answer, headers: { ...answer.headers, [POSITION_HEADER]: position } };
  };
}
