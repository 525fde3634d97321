/** One download of one blob from an upstream into a staging, shared by all who wait for it. */
import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { algorithmOf, type Digest } from '../oci/digest.ts';
import type { AppendOutcome, BlobStore } from '../storage/blob-store.ts';
import { type UpstreamBlob, UpstreamFailure } from '../storage/upstream.ts';

/** Opens the blob at the upstream from `offset` on; `undefined` where the upstream has none. */
export type Source = (offset: number) => Promise<UpstreamBlob | undefined>;

/** Blobs that are on their way here by another road, which nobody should fetch beside it. */
export interface Arriving {
  /** Resolves when the blob came by that road, or will not. */
  waitFor(digest: Digest): Promise<void>;
}

interface Ports {
  readonly blobStore: BlobStore;
  readonly clock: Clock;
  readonly arriving?: Arriving | undefined;
}

export interface TransferOrder {
  readonly digest: Digest;
  /** Names the staging, unique. */
  readonly staging: string;
  readonly source: Source;
  /** What the descriptor says, where it is known; an upstream that says otherwise is refused. */
  readonly sizeBytes?: number;
  /** Whether the staging may hold bytes already, and is kept where the upstream breaks. */
  readonly goesOn: boolean;
}

/** What is known once bytes can be read along; without `first` the blob is here already. */
interface Opened {
  readonly sizeBytes: number;
  readonly first?: UpstreamBlob;
  /** Where the bytes of `first` begin. */
  readonly offset: number;
}

/** Tries in a row that brought nothing worth mentioning, before the transfer gives up. */
const MOST_IDLE_TRIES = 5;
/** What a try must bring to count as progress: nobody waits for a byte at a time. */
const PROGRESS_BYTES = 1024 * 1024;
const FIRST_PAUSE_MS = 50;

export class Transfer {
  /** Size of the blob, once bytes can be read along; `undefined` where the upstream has none. */
  readonly opened: Promise<number | undefined>;
  /** Resolves once the digest is proven and the blob kept; rejects where that will never be. */
  readonly proven: Promise<void>;
  readonly #order: TransferOrder;
  readonly #blobStore: BlobStore;
  readonly #clock: Clock;
  readonly #arriving: Arriving | undefined;

  constructor(order: TransferOrder, ports: Ports) {
    this.#order = order;
    this.#arriving = ports.arriving;
    this.#blobStore = ports.blobStore;
    this.#clock = ports.clock;
    const opened = this.#open();
    this.opened = opened.then((found) => found?.sizeBytes);
    this.proven = opened.then((found) => this.#run(found));
    // Not everybody waits for both; whoever does still sees the failure.
    this.opened.catch(() => undefined);
    this.proven.catch(() => undefined);
  }

  get digest(): Digest {
    return this.#order.digest;
  }

  get staging(): string {
    return this.#order.staging;
  }

  /** The upstream's first answer, with a staging to read along; or the blob that is here. */
  async #open(): Promise<Opened | undefined> {
    const { digest, source, sizeBytes } = this.#order;
    await this.#arriving?.waitFor(digest);
    const kept = await this.#blobStore.find(digest);
    if (kept) return { ...kept, offset: 0 };
    const offset = await this.#measureStaging();
    const first = await source(offset);
    if (!first) return undefined;
    // It may break before it is read; a stream whose error nobody hears ends the process.
    first.content.on('error', () => undefined);
    try {
      assertSize(first, sizeBytes);
      await this.#append(offset, nothing());
    } catch (error) {
      first.content.destroy();
      throw error;
    }
    return { sizeBytes: first.sizeBytes, first, offset };
  }

  /** How much an earlier process left. Asking to go on behind the end of all files tells it. */
  async #measureStaging(): Promise<number> {
    if (!this.#order.goesOn) return 0;
    const { offset } = await this.#append(Number.MAX_SAFE_INTEGER, nothing());
    const { sizeBytes } = this.#order;
    return sizeBytes !== undefined && offset > sizeBytes ? 0 : offset;
  }

  async #run(opened: Opened | undefined): Promise<void> {
    if (!opened?.first) return;
    const { digest, staging } = this.#order;
    try {
      await this.#download(opened.first, opened.offset);
    } catch (error) {
      // Whoever reads along is woken by this, and breaks off.
      if (!this.#order.goesOn) await this.#blobStore.discard(staging);
      throw error;
    }
    try {
      const outcome = await this.#blobStore.commit(staging, digest);
      if (outcome.kind === 'committed') return;
      const message = `the upstream sent other bytes than those of ${digest}`;
      throw new UpstreamFailure(message, { status: 200 });
    } catch (error) {
      await this.#blobStore.discard(staging);
      throw error;
    }
  }

  /** Goes on at the durable offset each time the upstream breaks, until every byte is here. */
  async #download(first: UpstreamBlob, from: number): Promise<void> {
    let { offset, interruption } = await this.#try(from, async () => first);
    for (let idleTries = 1; interruption; idleTries += 1) {
      if (idleTries === MOST_IDLE_TRIES) throw interruption;
      await this.#clock.sleep(FIRST_PAUSE_MS * 2 ** idleTries);
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
      return await this.#append(offset, exactly(blob.content, blob.sizeBytes - offset));
    } finally {
      blob.content.destroy();
    }
  }

  #append(offset: number, content: AsyncIterable<Uint8Array>): Promise<AppendOutcome> {
    const algorithm = algorithmOf(this.#order.digest);
    return this.#blobStore.append(this.#order.staging, {
      offset,
      content,
      algorithm,
      isReadAlong: true,
    });
  }
}

function assertSize({ sizeBytes }: UpstreamBlob, expected: number | undefined): void {
  if (expected === undefined || expected === sizeBytes) return;
  const message = `the upstream says ${sizeBytes} bytes where ${expected} are expected`;
  throw new UpstreamFailure(message, { status: 200 });
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** The content, held to its length: it must neither end before nor go on behind. */
async function* exactly(content: Readable, lengthBytes: number): AsyncGenerator<Uint8Array> {
  let left = lengthBytes;
  for await (const chunk of content as AsyncIterable<Uint8Array>) {
    left -= chunk.length;
    if (left < 0) throw new UpstreamFailure('the upstream sends more bytes than it said');
    yield chunk;
  }
  if (left > 0) throw new UpstreamFailure('the upstream ended before its last byte');
}
