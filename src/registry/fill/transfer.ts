/**
 * One blob on its way here, shared by all of this process who wait for it. Of the processes of a
 * site one at a time downloads; the others follow its staging as it grows, and one of them goes on
 * behind its last byte where it dies.
 */
import type { Clock } from '../../clock.ts';
import type { Digest } from '../../oci/digest.ts';
import type { BlobStore } from '../../storage/blob-store.ts';
import { StorageUnavailable } from '../../storage/failure.ts';
import { UpstreamFailure } from '../../storage/upstream.ts';
import { Download, type DownloadOrder, keyOf } from './download.ts';
import type { FirstBytes } from './first-bytes.ts';
import { sharedStaging, type Turn, type Turns } from './turns.ts';

/** Blobs that are on their way here by another road, which nobody should fetch beside it. */
export interface Arriving {
  /** Resolves when the blob came by that road, or will not. */
  waitFor(digest: Digest): Promise<void>;
}

interface Ports {
  readonly blobStore: BlobStore;
  readonly clock: Clock;
  readonly turns: Pick<Turns, 'take' | 'alone' | 'joinQueue' | 'leaveQueue'>;
  readonly arriving?: Arriving | undefined;
}

export interface TransferOrder extends DownloadOrder {
  /** Whether a client waits: nobody else follows what another process brings. */
  readonly isAwaited: boolean;
}

/** How the transfer begins. */
type Opened =
  /** Neither here nor at the upstream. */
  | { readonly kind: 'nowhere' }
  /** Another process brings it, and nobody here waits for it. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'kept'; readonly sizeBytes: number }
  | { readonly kind: 'followed'; readonly sizeBytes: number }
  | Brought;

interface Brought {
  readonly kind: 'brought';
  readonly sizeBytes: number;
  readonly turn: Turn;
  readonly download: Download;
}

/** Brought whole before it is read: it is here before two processes agree on who brings it. */
const SMALL_BYTES = 64 * 1024;
/** How soon it is noticed that another process has begun to bring the blob: clients wait for it. */
const FIRST_LOOK_MS = 5;
/** How soon it is noticed that another process kept it. */
const LOOK_MS = 25;
/** How soon it is noticed that another process gave it up: a question to the database each time. */
const TURN_LOOK_MS = 500;

export class Transfer {
  /** Size of the blob, once bytes can be read along; else where it is, or `undefined`. */
  readonly opened: Promise<number | 'elsewhere' | undefined>;
  /**
   * Resolves once the digest is proven and the blob kept: to true where it is on this process to
   * tell of it. Rejects where that will never be.
   */
  readonly proven: Promise<boolean>;
  readonly #order: TransferOrder;
  readonly #ports: Ports;
  #staging: string;
  #firstBytes: FirstBytes | undefined;
  #turn: Turn | undefined;
  #isFollowing = false;
  #isInQueue = false;
  #askedForTurnMs = Number.NEGATIVE_INFINITY;

  constructor(order: TransferOrder, ports: Ports) {
    this.#order = order;
    this.#ports = ports;
    this.#staging = sharedStaging(keyOf(order));
    const opened = this.#open();
    this.opened = opened.then(sizeOf);
    this.proven = this.#prove(opened);
    // Not everybody waits for both; whoever does still sees the failure.
    this.opened.catch(() => undefined);
    this.proven.catch(() => undefined);
  }

  get digest(): Digest {
    return this.#order.digest;
  }

  /** To be read along, once it is opened. */
  get staging(): string {
    return this.#staging;
  }

  /** The first bytes of what this process brings. */
  get firstBytes(): FirstBytes | undefined {
    return this.#firstBytes;
  }

  /** Whether another process brings it, as far as is known here. */
  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  /** Whether a client of another process waits for what this one brings. */
  get isAwaitedElsewhere(): boolean {
    return this.#turn?.isAwaitedElsewhere() ?? false;
  }

  /** The upstream's first answer, with a staging to read along; or what is here, or comes. */
  async #open(): Promise<Opened> {
    const { digest, sizeBytes, isAwaited, origin } = this.#order;
    const { arriving, clock } = this.#ports;
    if (!origin) await arriving?.waitFor(digest);
    for (;;) {
      const begun = await this.#begin();
      if (begun) return begun;
      if (!isAwaited) return { kind: 'elsewhere' };
      this.#isFollowing = true;
      const kept = await this.#findKept();
      if (kept) return { kind: 'kept', ...kept };
      if (sizeBytes !== undefined && (await this.#isReadable())) {
        return { kind: 'followed', sizeBytes };
      }
      await clock.sleep(FIRST_LOOK_MS);
    }
  }

  /** Takes the turn and asks the upstream; `undefined` while another process has the turn. */
  async #begin(): Promise<Opened | undefined> {
    const turn = await this.#takeTurn();
    if (!turn) return undefined;
    this.#isFollowing = false;
    this.#staging = turn.staging;
    this.#turn = turn;
    const download = new Download(this.#order, turn, this.#ports);
    try {
      // Whoever had the turn before may have kept it, or a part of it.
      const [kept, offset] = await Promise.all([this.#findKept(), download.measureStaging()]);
      const brought = kept ? undefined : await this.#askUpstream({ turn, download }, offset);
      if (brought) return brought;
      await turn.end();
      return kept ? { kind: 'kept', ...kept } : { kind: 'nowhere' };
    } catch (error) {
      await turn.end();
      throw error;
    }
  }

  get #isSmall(): boolean {
    const { sizeBytes, origin } = this.#order;
    // Upstreams count what they are asked.
    return !origin && sizeBytes !== undefined && sizeBytes <= SMALL_BYTES;
  }

  async #takeTurn(): Promise<Turn | undefined> {
    const { turns, clock, blobStore } = this.#ports;
    const { isAwaited } = this.#order;
    if (this.#isSmall) return turns.alone();
    if (clock.elapsedMs() - this.#askedForTurnMs < TURN_LOOK_MS) return undefined;
    this.#askedForTurnMs = clock.elapsedMs();
    try {
      const turn = await turns.take(keyOf(this.#order));
      if (!turn && isAwaited) await this.#joinQueue();
      // Where a staging cannot be followed, a client would wait for the last byte before the first.
      return turn ?? (isAwaited && !blobStore.followsOthers ? turns.alone() : undefined);
    } catch (error) {
      if (!isAwaited || !(error instanceof StorageUnavailable)) throw error;
      return this.#isFollowing ? undefined : turns.alone();
    }
  }

  /** Whoever brings it hears that clients wait here too. */
  async #joinQueue(): Promise<void> {
    this.#isInQueue = true;
    await this.#ports.turns.joinQueue(keyOf(this.#order));
  }

  async #askUpstream(
    { turn, download }: Pick<Brought, 'turn' | 'download'>,
    offset: number,
  ): Promise<Opened | undefined> {
    const sizeBytes = await download.open(offset);
    if (sizeBytes === undefined) return undefined;
    this.#firstBytes = download.firstBytes;
    if (!this.#isSmall) return { kind: 'brought', sizeBytes, turn, download };
    await this.#bring({ download, turn });
    return { kind: 'kept', sizeBytes };
  }

  /** Whether there are bytes of another process to be read, or will be soon. */
  async #isReadable(): Promise<boolean> {
    const first = { start: 0, end: 0 };
    const reader = await this.#ports.blobStore.openStaging(this.#staging, first);
    reader?.destroy();
    return reader !== undefined;
  }

  async #prove(opened: Promise<Opened>): Promise<boolean> {
    try {
      return await this.#run(await opened);
    } finally {
      if (this.#isInQueue) await this.#ports.turns.leaveQueue(keyOf(this.#order));
    }
  }

  async #run(opened: Opened): Promise<boolean> {
    const begun = opened.kind === 'followed' ? await this.#follow() : opened;
    if (begun?.kind === 'brought') await this.#bring(begun);
    return begun?.kind === 'brought' || begun?.kind === 'kept';
  }

  /** `undefined` once another process kept the blob; else what this one began in its place. */
  async #follow(): Promise<Opened | undefined> {
    for (;;) {
      if (await this.#findKept()) return undefined;
      const begun = await this.#begin();
      if (begun?.kind === 'nowhere') {
        throw new UpstreamFailure('the blob went away at the upstream', { status: 404 });
      }
      if (begun) return begun;
      await this.#ports.clock.sleep(LOOK_MS);
    }
  }

  /** What is here already, as far as it counts. */
  #findKept(): Promise<{ readonly sizeBytes: number } | undefined> {
    return this.#order.origin?.findKept() ?? this.#ports.blobStore.find(this.digest);
  }

  async #bring({ download, turn }: Pick<Brought, 'turn' | 'download'>): Promise<void> {
    try {
      await download.run();
    } finally {
      await turn.end();
    }
  }
}

function sizeOf(opened: Opened): number | 'elsewhere' | undefined {
  if (opened.kind === 'elsewhere') return opened.kind;
  return opened.kind === 'nowhere' ? undefined : opened.sizeBytes;
}
