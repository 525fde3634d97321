/**
 * What a client is told where an upstream fails. Never 401: it would ask people for a password, and
 * log them out, for what is wrong with ours (V15). Never 404: that is for what is not there (V6).
 */
import { RegistryError } from '../oci/error.ts';
import { UpstreamFailure } from '../storage/upstream.ts';
import { RemoteFailure, type RemoteFault } from '../storage/virtual/remotes.ts';

/** An upstream gave no answer; the outermost middleware writes it, with `Retry-After`. */
export class UpstreamAway extends Error {
  override readonly name = 'UpstreamAway';
  readonly status: 502 | 503;
  readonly retryAfterSeconds: number;

  constructor({ status, sentence, retryAfterSeconds }: Telling, cause: UpstreamFailure) {
    super(sentence, { cause });
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

interface Telling {
  readonly status: 502 | 503;
  readonly sentence: string;
  /** After how long another try is worth it, where the upstream does not say. */
  readonly retryAfterSeconds: number;
}

const LIMITED_SECONDS = 60;

const TELLINGS: Readonly<Record<Exclude<RemoteFault, 'limited'>, Telling>> = {
  refused: tell(502, 'the upstream refuses the credentials that are set for it', 60),
  'forbidden-address': tell(502, 'the upstream leads to an address that is not allowed', 60),
  unreachable: tell(503, 'the upstream cannot be reached now', 5),
  broken: tell(502, 'the upstream did not answer as it must', 5),
  busy: tell(503, 'as many requests to the upstream as may be are under way', 1),
};

function tell(status: 502 | 503, sentence: string, retryAfterSeconds: number): Telling {
  return { status, sentence, retryAfterSeconds };
}

/** Why an upstream gave nothing; `broken` for what no kind is known of. */
export function faultOf(failure: UpstreamFailure): RemoteFault {
  if (failure instanceof RemoteFailure) return failure.fault;
  return failure.status === 429 ? 'limited' : 'broken';
}

/** The error that a client gets; what is no failure of an upstream passes as it is. */
export function asAnswer(error: unknown): unknown {
  if (!(error instanceof UpstreamFailure)) return error;
  const fault = faultOf(error);
  const heard = error instanceof RemoteFailure ? error.retryAfterSeconds : undefined;
  if (fault !== 'limited') {
    const telling = TELLINGS[fault];
    const retryAfterSeconds = roundUp(heard ?? telling.retryAfterSeconds);
    return new UpstreamAway({ ...telling, retryAfterSeconds }, error);
  }
  return new RegistryError('TOOMANYREQUESTS', {
    message: 'the limit of the upstream is used up',
    headers: { 'Retry-After': String(roundUp(heard ?? LIMITED_SECONDS)) },
    cause: error,
  });
}

const roundUp = (seconds: number): number => Math.max(1, Math.ceil(seconds));
