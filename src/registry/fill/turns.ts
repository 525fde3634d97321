/**
 * Whose turn it is to bring a blob here: of all processes of a site one at a time, by a lease in
 * the database, which all of them share and none can lose. A process that dies loses its turn when
 * the lease is over; one that lives, but could not renew it, stops before anybody else may begin.
 */
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Randomness } from '../../randomness.ts';
import { StorageUnavailable } from '../../storage/failure.ts';
import type { Leases } from '../../storage/leases.ts';

/** So long at most clients wait when the process that brings their blob was killed. */
const LEASE_MS = 10_000;
const RENEWAL_MS = 2500;

/** Who waits says so again and again; so long it holds. */
const WAITING_MS = 6000;

/** What is written by then is written before the lease is over, however slow the disk is. */
const FENCE_MS = 7500;

interface Dependencies {
  readonly leases: Leases;
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
}

export interface Turn {
  /** Names the staging that the bytes go to. */
  readonly staging: string;
  /** Whether the staging outlives the turn: the next one goes on behind what it holds. */
  readonly goesOn: boolean;
  /** Whether a client of another process waits for it, as far as was heard. */
  isAwaitedElsewhere(): boolean;
  /** @throws StorageUnavailable where another process may have its turn by now */
  assertHeld(): void;
  /** Gives it back. Never fails. */
  end(): Promise<void>;
}

/**
 * The staging of every turn for that blob, in whatever process.
 * @param blob its digest, or the name of its origin and the digest, with a space between
 */
export function sharedStaging(blob: string): string {
  return `copy-${blob.replaceAll(/[ :]/g, '-')}`;
}

export class Turns {
  readonly #leases: Leases;
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly #log: Log;
  /** Of this process. */
  readonly #name: string;

  constructor({ leases, clock, randomness, log }: Dependencies) {
    this.#leases = leases;
    this.#clock = clock;
    this.#randomness = randomness;
    this.#log = log;
    this.#name = randomness.uuid();
  }

  /** Tells the process that has the turn that a client waits here. @throws StorageUnavailable */
  async joinQueue(blob: string): Promise<void> {
    await this.#leases.take(waitingNameOf(blob), this.#name, WAITING_MS);
  }

  /** Nobody waits here any more. Never fails. */
  async leaveQueue(blob: string): Promise<void> {
    await this.#release(waitingNameOf(blob), this.#name);
  }

  /** `undefined` while another process of the site has it. @throws StorageUnavailable */
  async take(blob: string): Promise<Turn | undefined> {
    // A name for each turn: giving one back late must not give back the next one.
    const holder = this.#randomness.uuid();
    const askedAt = this.#clock.elapsedMs();
    const isTaken = await this.#leases.take(nameOf(blob), holder, LEASE_MS);
    return isTaken ? this.#hold(blob, holder, askedAt) : undefined;
  }

  /** A turn beside all others, into a staging of its own: for who cannot wait for one. */
  alone(): Turn {
    return {
      staging: `fill-${this.#randomness.uuid()}`,
      goesOn: false,
      isAwaitedElsewhere: () => false,
      assertHeld: () => undefined,
      end: async () => undefined,
    };
  }

  #hold(blob: string, holder: string, takenAt: number): Turn {
    const ended = new AbortController();
    let heldSince = takenAt;
    let isAwaited = false;
    const renew = async () => {
      for (;;) {
        await this.#clock.sleep(RENEWAL_MS, ended.signal);
        const askedAt = this.#clock.elapsedMs();
        const isHeld = await this.#renew(blob, holder);
        if (isHeld === false) break;
        if (isHeld) heldSince = askedAt;
        isAwaited = await this.#isAwaited(blob, holder);
      }
      heldSince = Number.NEGATIVE_INFINITY;
    };
    // It ends by the signal alone.
    const renewing = renew().catch(() => undefined);
    return {
      staging: sharedStaging(blob),
      goesOn: true,
      isAwaitedElsewhere: () => isAwaited,
      assertHeld: () => {
        if (this.#clock.elapsedMs() - heldSince < FENCE_MS) return;
        throw new StorageUnavailable(`another process may bring ${blob} by now`);
      },
      end: async () => {
        ended.abort();
        // A renewal that is under way would take the lease again.
        await renewing;
        await this.#release(nameOf(blob), holder);
      },
    };
  }

  /** Whether it is held now; `undefined` where the leases cannot be asked. Never fails. */
  async #renew(blob: string, holder: string): Promise<boolean | undefined> {
    try {
      return await this.#leases.take(nameOf(blob), holder, LEASE_MS);
    } catch (error) {
      this.#log.warn({ err: error, blob }, 'the turn to bring a blob cannot be renewed now');
      return undefined;
    }
  }

  /** Whoever cannot have that lease, since somebody else has, knows that somebody waits. */
  async #isAwaited(blob: string, holder: string): Promise<boolean> {
    const name = waitingNameOf(blob);
    const isNobodys = await this.#leases.take(name, holder, 1).catch(() => true);
    if (isNobodys) await this.#release(name, holder);
    return !isNobodys;
  }

  async #release(name: string, holder: string): Promise<void> {
    try {
      await this.#leases.release(name, holder);
    } catch (error) {
      this.#log.warn({ err: error, name }, 'a lease is not given back and ends by itself');
    }
  }
}

function nameOf(blob: string): string {
  return `blob ${blob}`;
}

function waitingNameOf(blob: string): string {
  return `client of ${blob}`;
}
