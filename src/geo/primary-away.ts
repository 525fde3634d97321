/**
 * The primary cannot be asked now, and without it nobody can tell "not there" from "not yet here".
 * The outermost middleware turns it into 503 with `Retry-After`; never into a 404.
 */
import { UpstreamFailure } from '../storage/upstream.ts';

export class PrimaryAway extends Error {
  override readonly name = 'PrimaryAway';
}

/** Answers of the primary that say that it cannot answer now, rather than what the answer is. */
const NOT_NOW = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Asks the primary.
 *
 * @param what is asked for, to stand behind "the primary site cannot be reached to …"
 * @throws PrimaryAway where the primary gives no answer; its refusals pass.
 */
export async function askPrimary<T>(what: string, question: () => Promise<T>): Promise<T> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    if (error.status !== undefined && !NOT_NOW.has(error.status)) throw error;
    const message = `the primary site cannot be reached now to ${what}; try again soon`;
    throw new PrimaryAway(message, { cause: error });
  }
}
