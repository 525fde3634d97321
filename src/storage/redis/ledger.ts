/** The ledger in Redis, shared by all machines of the site. Each method is one atomic script. */
import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Digest } from '../../oci/digest.ts';
import type {
  Lane,
  Ledger,
  LedgerClaim,
  LedgerEntry,
  LedgerFailure,
  LedgerStatus,
  Want,
} from '../geo/ledger.ts';
import { asking } from './connection.ts';
import { ADVANCE, CLAIM, FAIL, SETTLE, WANT } from './ledger-scripts.ts';

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
      ]);
      await this.#run(WANT, values);
    }
  }

  async claim(claim: LedgerClaim): Promise<LedgerEntry | undefined> {
    const values = [claim.holder, claim.now.getTime(), claim.leaseUntil.getTime()];
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
    const { holder, reason, retryAt } = failure;
    return (await this.#run(FAIL, [digest, holder, reason, retryAt.getTime()])) === 1;
  }

  async find(digest: Digest): Promise<LedgerEntry | undefined> {
    return readEntry(await asking(this.#redis.hgetall(`${this.#prefix}entry:${digest}`)));
  }

  async status(): Promise<LedgerStatus> {
    const counts = await asking(this.#redis.hgetall(this.#countsKey));
    const count = (what: string) => Number(counts[what] ?? 0);
    return {
      objects: {
        demand: count('lane:demand'),
        fresh: count('lane:fresh'),
        backfill: count('lane:backfill'),
      },
      bytes: count('bytes'),
      transferring: count('state:transferring'),
      failed: count('state:failed'),
    };
  }

  async isFilled(): Promise<boolean> {
    return (await asking(this.#redis.hexists(this.#countsKey, 'filled'))) === 1;
  }

  async recordFilled(): Promise<void> {
    await asking(this.#redis.hset(this.#countsKey, 'filled', 1));
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
    state: fields['state'] as LedgerEntry['state'],
    offset: Number(fields['offset']),
    attempts: Number(fields['attempts']),
    ...(fields['reason'] === undefined ? {} : { reason: fields['reason'] }),
    ...(fields['next'] === undefined ? {} : { nextTryAt: new Date(Number(fields['next'])) }),
  };
}
