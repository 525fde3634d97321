/**
 * The fill: a blob that is known but not here is opened at an upstream, its bytes go to every
 * waiting client as they arrive, and they are kept if the digest proves right.
 *
 * One transfer per digest and site, however many wait: those of this process share one, and those
 * of other processes follow it (`fill/`). Clients read from the staging, each at its own pace, so a
 * slow or gone one neither stalls nor cancels the transfer. The last byte of every body is held
 * back until the digest is proven: nobody ever gets a whole body of wrong bytes.
 */
import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Digest } from '../oci/digest.ts';
import type { ByteRange } from '../oci/range.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import { type BlobOrigin, keyOf, type Source } from './fill/download.ts';
import { readAlong } from './fill/read-along.ts';
import { type Arriving, Transfer, type TransferOrder } from './fill/transfer.ts';
import type { Turns } from './fill/turns.ts';

export type { BlobOrigin, Source } from './fill/download.ts';

/**
 * Told once per transfer, after the blob is kept, in the process that brought it. Requests that
 * share a function share the call.
 */
export type OnVerified = (digest: Digest, sizeBytes: number) => Promise<void>;

export interface Wanted {
  readonly digest: Digest;
  readonly source: Source;
  /** Size by the descriptor, where it is known; an upstream that says otherwise is refused. */
  readonly sizeBytes?: number;
  readonly onVerified?: OnVerified;
  /** Whose bytes they must be; anybody's, since they are proven, where absent. */
  readonly origin?: BlobOrigin;
}

export interface WantedContent extends Wanted {
  /** Inside the blob; all of it where absent. */
  readonly range?: ByteRange;
}

export interface FilledContent {
  /** Of the whole blob, also where a range was asked for. */
  readonly sizeBytes: number;
  /** The bytes as they arrive. Breaks with an error, never ends short. */
  readonly content: Readable;
}

interface Dependencies {
  readonly blobStore: BlobStore;
  readonly clock: Clock;
  readonly turns: Pick<Turns, 'take' | 'alone' | 'joinQueue' | 'leaveQueue'>;
  readonly log: Log;
}

interface Running {
  readonly transfer: Transfer;
  readonly listeners: Set<OnVerified>;
  /** Resolves when the blob is kept and every listener was told. */
  readonly settled: Promise<void>;
  isRead: boolean;
}

export class Fill {
  readonly #blobStore: BlobStore;
  readonly #clock: Clock;
  readonly #turns: Dependencies['turns'];
  readonly #log: Log;
  /** By `keyOf`. */
  readonly #running = new Map<string, Running>();
  #arriving: Arriving | undefined;

  constructor({ blobStore, clock, turns, log }: Dependencies) {
    this.#blobStore = blobStore;
    this.#clock = clock;
    this.#turns = turns;
    this.#log = log;
  }

  /** Names the other road by which blobs come here: what is about to arrive is not fetched. */
  expectFrom(arriving: Arriving): void {
    this.#arriving = arriving;
  }

  /**
   * The content as it arrives, from a transfer that is under way or begins now; `undefined` where
   * the upstream has no such blob. Throws `UpstreamFailure` where the upstream does not answer.
   */
  async open({ range, ...wanted }: WantedContent): Promise<FilledContent | undefined> {
    const running = this.#join(wanted, true);
    running.isRead = true;
    const { transfer } = running;
    const sizeBytes = await transfer.opened;
    if (sizeBytes === undefined) return undefined;
    if (sizeBytes === 'elsewhere') {
      // It was begun for nobody; now somebody waits.
      await running.settled;
      return this.open({ ...wanted, ...(range ? { range } : {}) });
    }
    const whole = { start: 0, end: sizeBytes - 1 };
    const reading = { transfer, range: range ?? whole, blobStore: this.#blobStore };
    return { sizeBytes, content: await readAlong(reading) };
  }

  /**
   * Brings the blob here without any client: resolves once it is proven, kept, and told to
   * `onVerified`. `undefined` where the upstream has none; `elsewhere`, at once, where another
   * process brings it. Idempotent: a blob that is here is not fetched again.
   */
  async fetch(wanted: Wanted): Promise<{ readonly sizeBytes: number } | 'elsewhere' | undefined> {
    const { transfer, settled } = this.#join(wanted, false);
    // One that follows already may do so until its last byte, before it is opened too.
    const sizeBytes = transfer.isFollowing ? 'elsewhere' : await transfer.opened;
    if (sizeBytes === undefined || sizeBytes === 'elsewhere') return sizeBytes;
    if (transfer.isFollowing) return 'elsewhere';
    await settled;
    return { sizeBytes };
  }

  /** Whether a client, here or of another process, has asked for what is under way. */
  isRead(digest: Digest): boolean {
    const running = this.#running.get(digest);
    return running !== undefined && (running.isRead || running.transfer.isAwaitedElsewhere);
  }

  /** How many transfers are under way. */
  get size(): number {
    return this.#running.size;
  }

  /** Resolves when no transfer is under way any more: for a process that drains. */
  async settle(): Promise<void> {
    await Promise.allSettled([...this.#running.values()].map(({ settled }) => settled));
  }

  #join({ onVerified, ...order }: Wanted, isAwaited: boolean): Running {
    const running = this.#running.get(keyOf(order)) ?? this.#begin({ ...order, isAwaited });
    if (onVerified) running.listeners.add(onVerified);
    return running;
  }

  #begin(order: TransferOrder): Running {
    const [blobStore, clock, turns] = [this.#blobStore, this.#clock, this.#turns];
    const ports = { blobStore, clock, turns, arriving: this.#arriving };
    const transfer = new Transfer(order, ports);
    const listeners = new Set<OnVerified>();
    const running = {
      transfer,
      listeners,
      settled: this.#follow(transfer, order, listeners),
      isRead: false,
    };
    this.#running.set(keyOf(order), running);
    // A client learns of the failure by its broken body; nobody else may be waiting.
    running.settled.catch((error: unknown) => {
      this.#log.warn({ err: error, digest: order.digest }, 'a blob could not be filled');
    });
    return running;
  }

  async #follow(
    transfer: Transfer,
    order: TransferOrder,
    listeners: ReadonlySet<OnVerified>,
  ): Promise<void> {
    try {
      const isOurs = await transfer.proven;
      // From here on the blob is found in the store.
      if (!order.origin) this.#running.delete(keyOf(order));
      const sizeBytes = await transfer.opened;
      // Of what another process brought, that one tells.
      if (!isOurs || typeof sizeBytes !== 'number') return;
      await Promise.all([...listeners].map((tell) => tell(transfer.digest, sizeBytes)));
    } finally {
      // It is told that the origin gave it, or the next request tries anew.
      if (this.#running.get(keyOf(order))?.transfer === transfer) {
        this.#running.delete(keyOf(order));
      }
    }
  }
}
