/** The bytes of one blob on their way from an upstream into a staging, in one process's turn. */
import type { Clock } from '../../clock.ts';
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import type { AppendOutcome, BlobStore } from '../../storage/blob-store.ts';
import { type UpstreamBlob, UpstreamFailure } from '../../storage/upstream.ts';
import { FirstBytes } from './first-bytes.ts';
import type { Turn } from './turns.ts';

/** Opens the blob at the upstream from `offset` on; `undefined` where the upstream has none. */
export type Source = (offset: number) => Promise<UpstreamBlob | undefined>;

/**
 * Whose bytes these must be. Where it is given, nothing counts as brought but what came from there:
 * neither what the store holds already nor what another transfer brings.
 */
export interface BlobOrigin {
  /** Of letters, digits, dots, dashes and underscores. */
  readonly name: string;
  /** The blob, where it was brought from there before and is still here. */
  readonly findKept: () => Promise<{ readonly sizeBytes: number } | undefined>;
}

export interface DownloadOrder {
  readonly digest: Digest;
  readonly source: Source;
  /** What the descriptor says, where it is known; an upstream that says otherwise is refused. */
  readonly sizeBytes?: number;
  readonly origin?: BlobOrigin;
}

/** Names the blob among all that are under way. */
export function keyOf({ digest, origin }: Pick<DownloadOrder, 'digest' | 'origin'>): string {
  return origin ? `${origin.name} ${digest}` : digest;
}

interface Ports {
  readonly blobStore: Pick<BlobStore, 'append' | 'commit' | 'discard'>;
  readonly clock: Clock;
}

/** The upstream's first answer, and what becomes of its bytes. */
interface First {
  readonly blob: UpstreamBlob;
  readonly outcome: Promise<AppendOutcome>;
}

/** Tries in a row that brought nothing worth mentioning, before the transfer gives up. */
const MOST_IDLE_TRIES = 5;
/** What a try must bring to count as progress: nobody waits for a byte at a time. */
const PROGRESS_BYTES = 1024 * 1024;
const FIRST_PAUSE_MS = 50;

export class Download {
  readonly #order: DownloadOrder;
  readonly #turn: Turn;
  readonly #ports: Ports;
  #first: First | undefined;
  #firstBytes: FirstBytes | undefined;

  constructor(order: DownloadOrder, turn: Turn, ports: Ports) {
    this.#order = order;
    this.#turn = turn;
    this.#ports = ports;
  }

  /** The first bytes that come, once it is opened. */
  get firstBytes(): FirstBytes | undefined {
    return this.#firstBytes;
  }

  /** How much an earlier turn left. Asking to go on behind the end of all files tells it. */
  async measureStaging(): Promise<number> {
    if (!this.#turn.goesOn) return 0;
    const { offset } = await this.#append(Number.MAX_SAFE_INTEGER, nothing());
    const { sizeBytes } = this.#order;
    return sizeBytes !== undefined && offset > sizeBytes ? 0 : offset;
  }

  /**
   * Waits for the upstream's first answer, and for the staging, to which its bytes go from then on.
   * @param offset how much is in the staging
   * @returns the size of the blob; `undefined` where the upstream has none
   */
  async open(offset: number): Promise<number | undefined> {
    const { source, sizeBytes } = this.#order;
    const blob = await source(offset);
    if (!blob) return undefined;
    // It may break before it is read; a stream whose error nobody hears ends the process.
    blob.content.on('error', () => undefined);
    try {
      assertSize(blob, sizeBytes);
      assertWithin(blob, offset);
      this.#turn.assertHeld();
      await this.#start(blob, offset);
    } catch (error) {
      blob.content.destroy();
      throw error;
    }
    return blob.sizeBytes;
  }

  /** Resolves when the staging can be read along. */
  async #start(blob: UpstreamBlob, offset: number): Promise<void> {
    this.#firstBytes = new FirstBytes(offset);
    let onOpen!: () => void;
    const opened = new Promise<void>((resolve) => (onOpen = resolve));
    const outcome = this.#take(blob, offset, onOpen);
    // What fails before `run` waits for it is told there.
    outcome.catch(() => undefined);
    this.#first = { blob, outcome };
    await Promise.race([opened, outcome]);
  }

  /** Brings every byte, proves the digest and keeps the blob. */
  async run(): Promise<void> {
    const { staging, goesOn } = this.#turn;
    try {
      await this.#bring(this.#first!);
      this.#turn.assertHeld();
      await this.#keep();
    } catch (error) {
      // Whoever reads along is woken by this, and breaks off.
      if (!goesOn) await this.#ports.blobStore.discard(staging);
      throw error;
    }
  }

  async #keep(): Promise<void> {
    const { staging } = this.#turn;
    const { digest } = this.#order;
    try {
      const outcome = await this.#ports.blobStore.commit(staging, digest);
      if (outcome.kind === 'committed') return;
      const message = `the upstream sent other bytes than those of ${digest}`;
      throw new UpstreamFailure(message, { status: 200 });
    } catch (error) {
      // What another process goes on with is not ours to take away.
      this.#turn.assertHeld();
      await this.#ports.blobStore.discard(staging);
      throw error;
    }
  }

  /** Goes on at the durable offset each time the upstream breaks, until every byte is here. */
  async #bring(first: First): Promise<void> {
    let { offset, interruption } = await first.outcome;
    for (let idleTries = 1; interruption; idleTries += 1) {
      this.#turn.assertHeld();
      if (idleTries === MOST_IDLE_TRIES) throw interruption;
      await this.#ports.clock.sleep(FIRST_PAUSE_MS * 2 ** idleTries);
      const before = offset;
      ({ offset, interruption } = await this.#try(before, () => this.#reopen(before, first.blob)));
      if (offset - before >= PROGRESS_BYTES) idleTries = 0;
    }
  }

  async #reopen(offset: number, first: UpstreamBlob): Promise<UpstreamBlob> {
    const again = await this.#order.source(offset);
    if (!again) throw new UpstreamFailure('the blob went away at the upstream', { status: 404 });
    assertSize(again, first.sizeBytes);
    return again;
  }

  /** Never throws for what the upstream does, only for what the blob store cannot. */
  async #try(offset: number, open: () => Promise<UpstreamBlob>): Promise<AppendOutcome> {
    let blob: UpstreamBlob;
    try {
      blob = await open();
    } catch (error) {
      return { offset, interruption: error as Error };
    }
    return this.#take(blob, offset);
  }

  async #take(blob: UpstreamBlob, offset: number, onOpen?: () => void): Promise<AppendOutcome> {
    try {
      return await this.#append(offset, this.#watch(blob, offset), onOpen);
    } finally {
      this.#firstBytes?.show();
      blob.content.destroy();
    }
  }

  /**
   * The bytes from the offset on, held to their number: they must neither end before nor go on
   * behind. Nothing more comes of them once the turn is over.
   */
  async *#watch({ content, sizeBytes }: UpstreamBlob, offset: number): AsyncGenerator<Uint8Array> {
    let left = sizeBytes - offset;
    for await (const chunk of content as AsyncIterable<Uint8Array>) {
      left -= chunk.length;
      if (left < 0) throw new UpstreamFailure('the upstream sends more bytes than it said');
      this.#turn.assertHeld();
      this.#firstBytes?.show(chunk);
      yield chunk;
    }
    if (left > 0) throw new UpstreamFailure('the upstream ended before its last byte');
  }

  #append(
    offset: number,
    content: AsyncIterable<Uint8Array>,
    onOpen?: () => void,
  ): Promise<AppendOutcome> {
    const algorithm = algorithmOf(this.#order.digest);
    const told = onOpen ? { onOpen } : {};
    const append = { offset, content, algorithm, isReadAlong: true, ...told };
    return this.#ports.blobStore.append(this.#turn.staging, append);
  }
}

function assertSize({ sizeBytes }: UpstreamBlob, expected: number | undefined): void {
  if (expected === undefined || expected === sizeBytes) return;
  const message = `the upstream says ${sizeBytes} bytes where ${expected} are expected`;
  throw new UpstreamFailure(message, { status: 200 });
}

function assertWithin({ sizeBytes }: UpstreamBlob, offset: number): void {
  if (offset <= sizeBytes) return;
  const message = `the upstream says ${sizeBytes} bytes where ${offset} are here`;
  throw new UpstreamFailure(message, { status: 200 });
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
