/**
 * Calls of the distribution API that are the primary's. Whether the caller may was decided here
 * before; the primary decides again.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { PushedCopy } from '../../geo/copies/pushed-copy.ts';
import { type Passage, POSITION_HEADER } from '../../geo/passage.ts';
import { EPOCH_HEADER, parseEpoch } from '../../geo/role.ts';
import { parseScope } from '../../oci/scope.ts';
import type { Answer } from '../answer.ts';
import type { Forward } from '../app.ts';
import type { Call } from '../v2/call.ts';
import type { UploadKeeper } from './keep.ts';
import { hasBody, isUpload, type PassOn } from './pass-on.ts';

/** At a secondary: passes each call on to the primary, and keeps what it brings to an upload. */
export function forwardToPrimary(passOn: PassOn, keeper: UploadKeeper): Forward {
  return async (call) => {
    const { request, context } = call;
    const copy = isUpload(request.url ?? '') ? keeper.open(call) : undefined;
    try {
      const body = await readBody(call, copy);
      const answer = await passOn({ request, response: context.res, body });
      keeper.settle(call, copy, answer.status);
      return answer.status === 401 ? challengeHere(call, answer) : answer;
    } catch (error) {
      keeper.breakOff(call, copy);
      throw error;
    }
  };
}

/** The body to pass on, which is copied on its way. The client is told to send it then (T32). */
async function readBody(call: Call, copy: PushedCopy | undefined): Promise<Readable | undefined> {
  const content = copy ? copy.follow(call.body) : call.body;
  if (hasBody(call.request)) return Readable.from(content, { objectMode: false });
  // Nothing more comes, but what there is may be the whole.
  if (copy) await copy.follow(nothing()).next();
  return undefined;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

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
    return isUpload(request.url ?? '') ? answer : addPosition(request, answer, passage);
  };
}

/** The answer to a write, with its place in the log where another site passed the write on. */
export async function addPosition(
  request: IncomingMessage,
  answer: Answer,
  passage: Pick<Passage, 'getPosition'>,
): Promise<Answer> {
  const isForwarded = parseEpoch(request.headers[EPOCH_HEADER] as string) !== undefined;
  if (!isForwarded) return answer;
  const position = await passage.getPosition();
  return { ...answer, headers: { ...answer.headers, [POSITION_HEADER]: position } };
}
