/** The ledger in this process's memory: the embedded default, and what tests use. */
import type { Digest } from '../../oci/digest.ts';
import {
  LANES,
  type Lane,
  type Ledger,
  type LedgerClaim,
  type LedgerEntry,
  type LedgerFailure,
  type LedgerStatus,
  type Want,
} from '../geo/ledger.ts';
import { TimeOrder } from './geo/time-order.ts';

type Row = { -readonly [key in keyof LedgerEntry]: LedgerEntry[key] } & {
  holder?: string;
};

export class MemoryLedger implements Ledger {
  readonly #rows = new Map<Digest, Row>();
  /** What may be claimed at once, in the order in which it came; a Set keeps that order. */
  readonly #ready: Record<Lane, Set<Digest>> = {
    demand: new Set(),
    fresh: new Set(),
    backfill: new Set(),
  };
  /** What waits for the end of a lease or of a pause. */
  readonly #later = new TimeOrder<Digest>();
  readonly #since = new TimeOrder<Digest>();
  readonly #failures = new Set<Digest>();
  readonly #objects: Record<Lane, number> = { demand: 0, fresh: 0, backfill: 0 };
  readonly #sums = { bytes: 0, bytesStaged: 0, settledBytes: 0, settledObjects: 0 };
  #transferring = 0;
  #filling: 'begun' | 'done' | undefined;

  async want(wants: readonly Want[]): Promise<void> {
    for (const want of wants) {
      const row = this.#rows.get(want.digest);
      if (row) this.#merge(row, want);
      else this.#insert(want);
    }
  }

  #insert(want: Want): void {
    const { digest, sizeBytes, repository, lane, since } = want;
    const common = { digest, sizeBytes, repository, lane, since };
    this.#rows.set(digest, { ...common, state: 'wanted', offset: 0, attempts: 0 });
    this.#ready[lane].add(digest);
    this.#since.set(digest, since);
    this.#objects[lane] += 1;
    this.#sums.bytes += sizeBytes;
  }

  #merge(row: Row, { lane, since }: Want): void {
    if (since < row.since) {
      row.since = since;
      this.#since.set(row.digest, since);
    }
    this.#raise(row, lane);
  }

  #raise(row: Row, lane: Lane): void {
    if (LANES.indexOf(lane) >= LANES.indexOf(row.lane)) return;
    if (this.#ready[row.lane].delete(row.digest)) this.#ready[lane].add(row.digest);
    this.#objects[row.lane] -= 1;
    this.#objects[lane] += 1;
    row.lane = lane;
  }

  async claim(
    claim: LedgerClaim,
    lanes: readonly Lane[] = LANES,
  ): Promise<LedgerEntry | undefined> {
    this.#wake(claim.now);
    for (const lane of LANES.filter((each) => lanes.includes(each))) {
      const [digest] = this.#ready[lane];
      if (digest !== undefined) return this.#hold(this.#rows.get(digest)!, claim);
    }
    return undefined;
  }

  #hold(row: Row, claim: LedgerClaim): LedgerEntry {
    this.#ready[row.lane].delete(row.digest);
    this.#later.set(row.digest, claim.leaseUntil);
    this.#turn(row, 'transferring');
    row.holder = claim.holder;
    row.attempts += 1;
    delete row.nextTryAt;
    return view(row);
  }

  /** Puts back what need not wait any longer. A lapsed lease leaves no trace of its holder. */
  #wake(now: Date): void {
    for (let next = this.#later.first(); next && next.at <= now; next = this.#later.first()) {
      const digest = next.key;
      const row = this.#rows.get(digest)!;
      this.#later.delete(digest);
      if (row.state === 'transferring') this.#turn(row, 'wanted');
      delete row.holder;
      delete row.nextTryAt;
      this.#ready[row.lane].add(digest);
    }
  }

  #turn(row: Row, state: LedgerEntry['state']): void {
    if (row.state === 'transferring') this.#transferring -= 1;
    if (state === 'transferring') this.#transferring += 1;
    if (state === 'failed') this.#failures.add(row.digest);
    else this.#failures.delete(row.digest);
    row.state = state;
  }

  async advance(
    digest: Digest,
    progress: LedgerClaim & { readonly offset: number },
  ): Promise<boolean> {
    const row = this.#findHeld(digest, progress.holder);
    if (!row) return false;
    this.#sums.bytesStaged += progress.offset - row.offset;
    row.offset = progress.offset;
    this.#later.set(digest, progress.leaseUntil);
    return true;
  }

  async settle(digest: Digest): Promise<void> {
    const row = this.#rows.get(digest);
    if (!row) return;
    this.#turn(row, 'wanted');
    this.#rows.delete(digest);
    this.#ready[row.lane].delete(digest);
    this.#later.delete(digest);
    this.#since.delete(digest);
    this.#objects[row.lane] -= 1;
    this.#sums.bytes -= row.sizeBytes;
    this.#sums.bytesStaged -= row.offset;
    this.#sums.settledBytes += row.sizeBytes;
    this.#sums.settledObjects += 1;
  }

  async fail(digest: Digest, failure: LedgerFailure): Promise<boolean> {
    const row = this.#findHeld(digest, failure.holder);
    if (!row) return false;
    this.#turn(row, 'failed');
    row.reason = failure.reason;
    row.message = failure.message;
    row.nextTryAt = failure.retryAt;
    delete row.holder;
    this.#later.set(digest, failure.retryAt);
    return true;
  }

  #findHeld(digest: Digest, holder: string): Row | undefined {
    const row = this.#rows.get(digest);
    return row?.holder === holder ? row : undefined;
  }

  async find(digest: Digest): Promise<LedgerEntry | undefined> {
    const row = this.#rows.get(digest);
    return row && view(row);
  }

  async findAll(digests: readonly Digest[]): Promise<LedgerEntry[]> {
    return digests.flatMap((digest) => {
      const row = this.#rows.get(digest);
      return row ? [view(row)] : [];
    });
  }

  async listFailures(page: {
    readonly after?: Digest;
    readonly limit: number;
  }): Promise<LedgerEntry[]> {
    const { after = '', limit } = page;
    const behind = [...this.#failures].filter((digest) => digest > after).sort();
    return this.findAll(behind.slice(0, limit));
  }

  async status(): Promise<LedgerStatus> {
    const oldest = this.#since.first();
    return {
      objects: { ...this.#objects },
      ...this.#sums,
      transferring: this.#transferring,
      failed: this.#failures.size,
      ...(oldest ? { oldestSince: oldest.at } : {}),
    };
  }

  async isFilled(): Promise<boolean> {
    return this.#filling === 'done';
  }

  async recordFilling(step: 'begun' | 'done'): Promise<boolean> {
    if (step === 'begun' || this.#filling !== undefined) this.#filling = step;
    return this.#filling === 'done';
  }
}

/** What the caller may see and keep: a copy without the holder. */
function view(row: Row): LedgerEntry {
  const { holder: _, ...entry } = row;
  return entry;
}
