/** The bytes of one blob on their way from an upstream into a staging, in one process's turn. */
import type { Readable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { algorithmOf, type Digest } from '../../oci/digest.ts';
import type { AppendOutcome, BlobStore } from '../../storage/blob-store.ts';
import { type UpstreamBlob, UpstreamFailure } from '../../storage/upstream.ts';
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

/** Tries in a row that brought nothing worth mentioning, before the transfer gives up. */
const MOST_IDLE_TRIES = 5;
/** What a try must bring to count as progress: nobody waits for a byte at a time. */
const PROGRESS_BYTES = 1024 * 1024;
const FIRST_PAUSE_MS = 50;

export class Download {
  readonly #order: DownloadOrder;
  readonly #turn: Turn;
  readonly #ports: Ports;
  #first: UpstreamBlob | undefined;
  /** Where the bytes of the first answer begin. */
  #from = 0;

  constructor(order: DownloadOrder, turn: Turn, ports: Ports) {
    this.#order = order;
    this.#turn = turn;
    this.#ports = ports;
  }

  /**
   * Waits for the upstream's first answer, and makes the staging where it is to be read along.
   * @returns the size of the blob; `undefined` where the upstream has none
   */
  async open({ isReadAlong }: { readonly isReadAlong: boolean }): Promise<number | undefined> {
    const { source, sizeBytes } = this.#order;
    this.#from = await this.#measureStaging();
    const first = await source(this.#from);
    if (!first) return undefined;
    // It may break before it is read; a stream whose error nobody hears ends the process.
    first.content.on('error', () => undefined);
    try {
      assertSize(first, sizeBytes);
      assertWithin(first, this.#from);
      this.#turn.assertHeld();
      if (isReadAlong) await this.#append(this.#from, nothing());
    } catch (error) {
      first.content.destroy();
      throw error;
    }
    this.#first = first;
    return first.sizeBytes;
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

  /** How much an earlier turn left. Asking to go on behind the end of all files tells it. */
  async #measureStaging(): Promise<number> {
    if (!this.#turn.goesOn) return 0;
    const { offset } = await this.#append(Number.MAX_SAFE_INTEGER, nothing());
    const { sizeBytes } = this.#order;
    return sizeBytes !== undefined && offset > sizeBytes ? 0 : offset;
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
  async #bring(first: UpstreamBlob): Promise<void> {
    let { offset, interruption } = await this.#try(this.#from, async () => first);
    for (let idleTries = 1; interruption; idleTries += 1) {
      this.#turn.assertHeld();
      if (idleTries === MOST_IDLE_TRIES) throw interruption;
      await this.#ports.clock.sleep(FIRST_PAUSE_MS * 2 ** idleTries);
      const before = offset;
      ({ offset, interruption } = await this.#try(before, () => this.#reopen(before, first)));
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
    try {
      const content = exactly(blob.content, blob.sizeBytes - offset, this.#turn);
      return await this.#append(offset, content);
    } finally {
      blob.content.destroy();
    }
  }

  #append(offset: number, content: AsyncIterable<Uint8Array>): Promise<AppendOutcome> {
    const algorithm = algorithmOf(this.#order.digest);
    const append = { offset, content, algorithm, isReadAlong: true };
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

/**
 * The content, held to its length: it must neither end before nor go on behind. Nothing more comes
 * of it once the turn is over.
 */
async function* exactly(
  content: Readable,
  lengthBytes: number,
  turn: Turn,
): AsyncGenerator<Uint8Array> {
  let left = lengthBytes;
  for await (const chunk of content as AsyncIterable<Uint8Array>) {
    left -= chunk.length;
    if (left < 0) throw new UpstreamFailure('the upstream sends more bytes than it said');
    turn.assertHeld();
    yield chunk;
  }
  if (left > 0) throw new UpstreamFailure('the upstream ended before its last byte');
}
