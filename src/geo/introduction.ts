/**
 * How this site introduces itself in its calls to another one: who it is, and its epoch.
 *
 * A backfill makes thousands of calls a minute. Each new token would be signed here and verified
 * there, and each epoch asked of the database; so one introduction serves all calls of a second.
 */
import type { Clock } from '../clock.ts';
import type { Sites } from '../storage/sites.ts';
import { EPOCH_HEADER } from './role.ts';

interface Dependencies {
  readonly sites: Pick<Sites, 'getRole'>;
  /** Gives an `Authorization` header with a token that is good for a minute. */
  readonly authorize: () => string;
  readonly clock: Pick<Clock, 'elapsedMs'>;
}

const REUSED_MS = 1000;

export class Introduction {
  readonly #dependencies: Dependencies;
  #headers: Promise<Readonly<Record<string, string>>> | undefined;
  #madeAt = Number.NEGATIVE_INFINITY;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** @throws StorageUnavailable */
  readonly read = (): Promise<Readonly<Record<string, string>>> => {
    const now = this.#dependencies.clock.elapsedMs();
    if (this.#headers && now - this.#madeAt < REUSED_MS) return this.#headers;
    const headers = this.#make();
    this.#headers = headers;
    this.#madeAt = now;
    // The next call tries anew.
    headers.catch(() => {
      if (this.#headers === headers) this.#headers = undefined;
    });
    return headers;
  };

  async #make(): Promise<Readonly<Record<string, string>>> {
    const { sites, authorize } = this.#dependencies;
    const { epoch } = await sites.getRole();
    return { authorization: authorize(), [EPOCH_HEADER]: String(epoch) };
  }
}
