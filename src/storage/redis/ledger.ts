/** The ledger in Redis, shared by all machines of the site. Each method is one atomic script. */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Digest } from '../../oci/digest.ts';
import {
  LANES,
  type Lane,
  type Ledger,
  type LedgerClaim,
  type LedgerEntry,
  type LedgerFailure,
  type LedgerStatus,
  type Reason,
  type Want,
} from '../geo/ledger.ts';
import { asking } from './connection.ts';
import {
  ADVANCE,
  CLAIM,
  FAIL,
  FILLING,
  LIST_FAILURES,
  SETTLE,
  STATUS,
  WANT,
} from './ledger-scripts.ts';

type Fields = Readonly<Record<string, string>>;

/** So many wants go into one script: Redis answers nobody else while it runs. */
const WANTS_A_SCRIPT = 250;

export class RedisLedger implements Ledger {
  readonly #redis: Redis;
  readonly #prefix: string;

  /** @param site whose ledger this is; several sites may share one Redis. */
  constructor(redis: Redis, site: string) {
    this.#redis = redis;
    this.#prefix = `meridian:{${site}}:ledger:`;
  }

  async want(wants: readonly Want[]): Promise<void> {
    for (let from = 0; from < wants.length; from += WANTS_A_SCRIPT) {
      const some = wants.slice(from, from + WANTS_A_SCRIPT);
      const values = some.flatMap((want) => [
        want.digest,
        want.sizeBytes,
        want.repository,
        want.lane,
        want.since.getTime(),
      ]);
      await this.#run(WANT, values);
    }
  }

  async claim(
    claim: LedgerClaim,
    lanes: readonly Lane[] = LANES,
  ): Promise<LedgerEntry | undefined> {
    const ordered = LANES.filter((lane) => lanes.includes(lane));
    const values = [claim.holder, claim.now.getTime(), claim.leaseUntil.getTime(), ...ordered];
    return readEntry(pairUp((await this.#run(CLAIM, values)) as string[]));
  }

  async advance(
    digest: Digest,
    progress: LedgerClaim & { readonly offset: number },
  ): Promise<boolean> {
    const { holder, leaseUntil, offset } = progress;
    return (await this.#run(ADVANCE, [digest, holder, leaseUntil.getTime(), offset])) === 1;
  }

  async settle(digest: Digest): Promise<void> {
    await this.#run(SETTLE, [digest]);
  }

  async fail(digest: Digest, failure: LedgerFailure): Promise<boolean> {
    const { holder, reason, message, retryAt } = failure;
    const values = [digest, holder, reason, retryAt.getTime(), message];
    return (await this.#run(FAIL, values)) === 1;
  }

  async find(digest: Digest): Promise<LedgerEntry | undefined> {
    return readEntry(await asking(this.#redis.hgetall(`${this.#prefix}entry:${digest}`)));
  }

  async findAll(digests: readonly Digest[]): Promise<LedgerEntry[]> {
    const found = await Promise.all(digests.map((digest) => this.find(digest)));
    return found.filter((entry) => entry !== undefined);
  }

  async listFailures(page: {
    readonly after?: Digest;
    readonly limit: number;
  }): Promise<LedgerEntry[]> {
    const from = page.after === undefined ? '-' : `(${page.after}`;
    const found = (await this.#run(LIST_FAILURES, [from, page.limit])) as string[][];
    return found.map((flat) => readEntry(pairUp(flat))!);
  }

  async status(): Promise<LedgerStatus> {
    const counts = pairUp((await this.#run(STATUS, [])) as string[]);
    const count = (what: string) => Number(counts[what] ?? 0);
    const lanes = LANES.map((lane) => [lane, count(`lane:${lane}`)]);
    return {
      objects: Object.fromEntries(lanes) as Record<Lane, number>,
      bytes: count('bytes'),
      bytesStaged: count('staged'),
      transferring: count('state:transferring'),
      failed: count('state:failed'),
      settledBytes: count('settled:bytes'),
      settledObjects: count('settled:objects'),
      ...(counts['oldest'] === undefined ? {} : { oldestSince: new Date(count('oldest')) }),
    };
  }

  async isFilled(): Promise<boolean> {
    return (await asking(this.#redis.hget(this.#countsKey, 'filled'))) === '1';
  }

  async recordFilling(step: 'begun' | 'done'): Promise<boolean> {
    return (await this.#run(FILLING, [step === 'done' ? 1 : 0])) === 1;
  }

  get #countsKey(): string {
    return `${this.#prefix}counts`;
  }

  /** By its digest where Redis knows the script, whole where it was restarted or flushed since. */
  async #run(script: string, values: readonly (string | number)[]): Promise<unknown> {
    const keys = [this.#countsKey, this.#prefix];
    const sha = createHash('sha1').update(script).digest('hex');
    try {
      return await this.#redis.evalsha(sha, keys.length, ...keys, ...values);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) {
        return asking(Promise.reject(error));
      }
      return asking(this.#redis.eval(script, keys.length, ...keys, ...values));
    }
  }
}

function pairUp(flat: readonly string[]): Fields {
  const fields: Record<string, string> = {};
  for (let at = 0; at < flat.length; at += 2) fields[flat[at]!] = flat[at + 1]!;
  return fields;
}

function readEntry(fields: Fields): LedgerEntry | undefined {
  if (fields['digest'] === undefined) return undefined;
  return {
    digest: fields['digest'] as Digest,
    sizeBytes: Number(fields['size']),
    repository: fields['repository']!,
    lane: fields['lane'] as Lane,
    since: new Date(Number(fields['since'])),
    state: fields['state'] as LedgerEntry['state'],
    offset: Number(fields['offset']),
    attempts: Number(fields['attempts']),
    ...(fields['reason'] === undefined ? {} : { reason: fields['reason'] as Reason }),
    ...(fields['message'] === undefined ? {} : { message: fields['message'] }),
    ...(fields['next'] === undefined ? {} : { nextTryAt: new Date(Number(fields['next'])) }),
  };
}
