/**
 * Questions to one upstream as ourselves: in their number, within its limit, with what it wants to
 * see of us, and with an answer that is either there, or not there, or a failure.
 */
import type { Clock } from '../../../clock.ts';
import { essence } from '../../../oci/media-type.ts';
import { type RateLimit, RemoteFailure } from '../../virtual/remotes.ts';
import type { Allowance } from './allowance.ts';
import { type CallAnswer, type Caller, type CallHeaders, dropBody } from './caller.ts';
import { statusFailure } from './failures.ts';
import type { Gate, Stay } from './gate.ts';
import type { Tokens } from './tokens.ts';

export interface Wanted {
  readonly method: 'GET' | 'HEAD';
  /** Under the upstream's own origin; checked by who made it. */
  readonly url: URL;
  /** What a token must be good for; '' for the registry as such. */
  readonly scope: string;
  readonly headers?: Omit<CallHeaders, 'authorization'>;
  readonly stay: Stay;
  /** Whether registries may lack this route, and then answer like any web server. */
  readonly isOptional?: boolean;
}

interface LineDependencies {
  readonly caller: Caller;
  readonly tokens: Tokens;
  readonly gate: Gate;
  readonly allowance: Allowance;
}

export interface LineFacts {
  readonly url: URL;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Whether it refuses what it does not have, as Docker Hub does. */
  readonly hidesAbsence: boolean;
}

export class RemoteLine {
  readonly #parts: LineDependencies;
  readonly facts: LineFacts;

  constructor(parts: LineDependencies, facts: LineFacts) {
    this.#parts = parts;
    this.facts = facts;
  }

  get rateLimit(): RateLimit | undefined {
    return this.#parts.allowance.rateLimit;
  }

  get isAnonymous(): boolean {
    return this.#parts.tokens.isAnonymous;
  }

  /**
   * @returns the answer, whose body has to be read or let go of, since it keeps its place until
   * then; `undefined` where it says that there is none
   * @throws RemoteFailure
   */
  async ask(wanted: Wanted): Promise<CallAnswer | undefined> {
    const { allowance, gate } = this.#parts;
    allowance.assertMayAsk();
    const leave = await gate.enter(wanted.stay);
    try {
      // The limit may have been used up by whoever was inside.
      allowance.assertMayAsk();
      const answer = await this.#judge(await this.#askAsOurselves(wanted), wanted);
      if (!answer || answer.body.closed) leave();
      else answer.body.once('close', leave);
      return answer;
    } catch (error) {
      leave();
      if (this.#isHiding(error, wanted)) return undefined;
      throw error;
    }
  }

  /** A 401 is answered once, with a token that is new. */
  async #askAsOurselves(wanted: Wanted): Promise<CallAnswer> {
    const { tokens } = this.#parts;
    const known = await tokens.authorize(wanted.scope);
    const answer = await this.#call(wanted, known);
    if (answer.statusCode !== 401 || !this.#isOwn(answer)) return answer;
    await dropBody(answer);
    return this.#call(wanted, await tokens.renew(answer, wanted.scope, known));
  }

  async #call(wanted: Wanted, authorization: string | undefined): Promise<CallAnswer> {
    const { method, url, headers } = wanted;
    const { caller, allowance } = this.#parts;
    const shown = authorization === undefined ? {} : { authorization };
    const asked = { method, url, headers: { ...headers, ...shown }, followsRedirects: true };
    const answer = await caller.call(asked);
    if (this.#isOwn(answer)) allowance.hear(answer);
    return answer;
  }

  async #judge(
    answer: CallAnswer,
    { headers: sent, isOptional }: Wanted,
  ): Promise<CallAnswer | undefined> {
    const { statusCode, headers, url } = answer;
    const isOfRange = sent?.range !== undefined && (statusCode === 206 || statusCode === 416);
    const isGood = statusCode === 200 || isOfRange;
    if (isGood && isAsItIs(headers['content-encoding'])) return answer;
    await dropBody(answer);
    if (isGood) throw new RemoteFailure('broken', `${url.host} answers with encoded content`);
    if (statusCode === 404 && (isOptional || !isPage(answer))) return undefined;
    throw this.#failureOf(answer);
  }

  #failureOf(answer: CallAnswer): RemoteFailure {
    const { statusCode, url } = answer;
    const { allowance, tokens } = this.#parts;
    if (statusCode === 429) return allowance.rest(answer);
    if (this.#isOwn(answer) && (statusCode === 401 || statusCode === 403)) {
      return tokens.refusal(statusCode);
    }
    if (statusCode !== 404) return statusFailure(answer, url, this.facts.clock.now());
    const message = `${url.host} answered with 404 as a web server does that is no registry`;
    return new RemoteFailure('broken', message, { status: 404 });
  }

  /** Whether the answer is the upstream's own, not that of a storage it led to. */
  #isOwn({ url }: CallAnswer): boolean {
    return url.origin === this.facts.url.origin;
  }

  /**
   * Docker Hub and its like answer for what is not there as for what we may not see. Where we have
   * no credentials that could be wrong, both mean the same to us (V6).
   */
  #isHiding(error: unknown, { scope }: Wanted): boolean {
    const isRefusal = error instanceof RemoteFailure && error.fault === 'refused';
    return isRefusal && scope !== '' && this.facts.hidesAbsence && this.isAnonymous;
  }
}

/** Of our own making: what an upstream names could be a right to something else. */
export const scopeOf = (name: string): string => `repository:${name}:pull`;

function isAsItIs(encoding: string | string[] | undefined): boolean {
  return encoding === undefined || encoding === '' || encoding === 'identity';
}

/**
 * A registry says in JSON, or with no body, that something is not there. A page or a line of text
 * is what a proxy answers whose registry is gone: taken for an answer, it would let an upstream
 * behind it stand in for this one (A35).
 */
function isPage({ headers }: CallAnswer): boolean {
  return essence(String(headers['content-type'] ?? '')).startsWith('text/');
}
