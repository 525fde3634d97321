/**
 * Pulls on their way into the outbox. A pull changes nothing, so no request waits for a transaction
 * that tells of it: they are gathered in memory and told many at once, about a second later. A
 * process that is killed loses those that it gathered.
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Deed } from '../oci/events/deed.ts';
import { type DeedEvent, eventOfDeed } from '../oci/events/event.ts';
import type { Randomness } from '../randomness.ts';
import type { Outbox } from '../storage/events/outbox.ts';
import type { Webhooks } from '../storage/events/webhooks.ts';

/** Tells of pulls, or asks with none. @returns whether anybody wants to be told of more. */
export type TellPulls = (pulls: readonly DeedEvent[], signal: AbortSignal) => Promise<boolean>;

interface Dependencies {
  readonly tell: TellPulls;
  readonly clock: Clock;
  readonly randomness: Pick<Randomness, 'uuid'>;
  readonly log: Log;
}

const GATHER_MS = 1000;
/** So often is asked whether anybody wants to be told. */
const LOOK_MS = 5000;

/** Fits into a small body. */
const PAGE = 50;

/** More are not kept while nobody can be told: the oldest go first (A51). */
const MAX_GATHERED = 5000;

export class Pulls {
  readonly #dependencies: Dependencies;
  readonly #ending = new AbortController();
  #gathered: DeedEvent[] = [];
  #dropped = 0;
  /** Until somebody was asked, they are gathered. */
  #isWanted = true;
  #telling: Promise<void> | undefined;
  #running: Promise<void> | undefined;

  constructor(dependencies: Dependencies) {
    this.#dependencies = dependencies;
  }

  /** Whether it is worth the while to note any. */
  get isWanted(): boolean {
    return this.#isWanted;
  }

  note(deed: Deed): void {
    const { randomness, clock } = this.#dependencies;
    this.#gathered.push(eventOfDeed({ type: 'pull', deed }, randomness.uuid(), clock.now()));
    this.#keepBounded();
  }

  /** Tells now and then, until {@link close}. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Tells what is gathered, and learns whether more is wanted. Never throws. */
  flush(): Promise<void> {
    const before = this.#telling ?? Promise.resolve();
    const telling = before.then(() => this.#tellAll());
    this.#telling = telling;
    return telling;
  }

  /** Tells what is left. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    if (this.#gathered.length > 0) await this.flush();
  }

  async #run(): Promise<void> {
    const { clock } = this.#dependencies;
    const { signal } = this.#ending;
    let askedMs = -Infinity;
    for (;;) {
      await clock.sleep(GATHER_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      const isTime = clock.elapsedMs() - askedMs >= LOOK_MS;
      if (isTime || this.#gathered.length > 0) {
        await this.flush();
        askedMs = clock.elapsedMs();
      }
    }
  }

  async #tellAll(): Promise<void> {
    const { tell, log } = this.#dependencies;
    // What is left at the end is told all the same.
    const { signal } = new AbortController();
    do {
      const page = this.#gathered.splice(0, PAGE);
      try {
        this.#isWanted = await tell(page, signal);
        if (!this.#isWanted) this.#gathered = [];
      } catch (error) {
        this.#gathered.unshift(...page);
        this.#keepBounded();
        log.debug({ err: error }, 'pulls cannot be told now');
        return;
      }
    } while (this.#gathered.length > 0);
    if (this.#dropped > 0) log.warn({ pulls: this.#dropped }, 'pulls are not told: too many');
    this.#dropped = 0;
  }

  #keepBounded(): void {
    const extra = this.#gathered.length - MAX_GATHERED;
    if (extra <= 0) return;
    this.#gathered.splice(0, extra);
    this.#dropped += extra;
  }
}

/** Tells of pulls where the webhooks are. */
export function tellHere({
  webhooks,
  outbox,
}: {
  readonly webhooks: Pick<Webhooks, 'list'>;
  readonly outbox: Pick<Outbox, 'record'>;
}): TellPulls {
  return async (pulls) => {
    const wanting = (await webhooks.list()).filter(({ isEnabled, wants }) => {
      return isEnabled && wants.types.includes('pull');
    });
    if (wanting.length > 0 && pulls.length > 0) await outbox.record(pulls);
    return wanting.length > 0;
  };
}
