/**
 * Quotas while bytes still arrive: an upload that cannot be kept is broken off, not taken in first.
 * The commit looks again, and what it says counts. Where no quota is set, this costs one look into
 * memory.
 */
import type { Memory } from '../../coherence.ts';
import { RegistryError } from '../../oci/error.ts';
import { isInTree, type PolicyKey, type Quota } from '../../oci/lifecycle/policy.ts';
import { quotaExceeded } from '../../oci/lifecycle/quota.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Change } from '../../storage/change-log.ts';
import type { Policies } from '../../storage/lifecycle/policies.ts';
import type { Chunk } from '../upload-rules.ts';

interface Dependencies {
  readonly policies: Pick<Policies, 'list' | 'findUsage'>;
}

/** The quota that leaves the least room. */
interface Room {
  readonly quota: Quota;
  readonly usedBytes: number;
  /** Below 0 where the quota was lowered. */
  readonly leftBytes: number;
}

const PAGE = 1000;

export class Quotas implements Memory {
  readonly #policies: Dependencies['policies'];
  /** All there are, as of some change; read again behind each change of a policy. */
  #quotas: Promise<readonly Quota[]> | undefined;

  constructor({ policies }: Dependencies) {
    this.#policies = policies;
  }

  /**
   * The chunk, refused where it announces more than there is room for, and broken off where it
   * brings more. Bytes that the tree holds already count here, since nobody knows yet which they
   * are: a client that has them elsewhere mounts them.
   *
   * @param offset how many bytes the upload holds already
   * @throws RegistryError DENIED, also from the content
   */
  async limit<Given extends Chunk>(
    { repository, offset }: { readonly repository: RepositoryName; readonly offset: number },
    chunk: Given,
  ): Promise<Given> {
    const room = await this.#findRoom(repository);
    if (!room) return chunk;
    const announced = offset + (chunk.length ?? 0);
    if (announced > 0) assertFits(room, announced);
    return { ...chunk, content: stopBeyond(chunk.content, room, offset) };
  }

  /** See `Memory`: the caller's authentication has let this process catch up. */
  forget({ fact }: Change): void {
    if (fact.kind === 'policy-recorded' || fact.kind === 'policy-deleted') this.clear();
  }

  clear(): void {
    this.#quotas = undefined;
  }

  async #findRoom(repository: RepositoryName): Promise<Room | undefined> {
    const covering = (await this.#readQuotas()).filter(({ path }) => isInTree(repository, path));
    const rooms = covering.map(async (quota) => {
      const usedBytes = (await this.#policies.findUsage(quota.path)) ?? 0;
      return { quota, usedBytes, leftBytes: quota.limitBytes - usedBytes };
    });
    const [tightest] = (await Promise.all(rooms)).sort((a, b) => a.leftBytes - b.leftBytes);
    return tightest;
  }

  #readQuotas(): Promise<readonly Quota[]> {
    if (this.#quotas) return this.#quotas;
    const reading = this.#listQuotas();
    this.#quotas = reading;
    reading.catch(() => {
      if (this.#quotas === reading) this.#quotas = undefined;
    });
    return reading;
  }

  async #listQuotas(): Promise<readonly Quota[]> {
    const quotas: Quota[] = [];
    for (let after: PolicyKey | undefined; ; ) {
      const cursor = after === undefined ? {} : { after };
      const page = await this.#policies.list({ kind: 'quota', limit: PAGE, ...cursor });
      quotas.push(...(page as Quota[]));
      after = page.at(-1);
      if (page.length < PAGE) return quotas;
    }
  }
}

function assertFits({ quota, usedBytes, leftBytes }: Room, wantedBytes: number): void {
  if (wantedBytes <= leftBytes) return;
  throw new RegistryError('DENIED', { message: quotaExceeded(quota, usedBytes, wantedBytes) });
}

async function* stopBeyond(
  content: AsyncIterable<Uint8Array>,
  room: Room,
  offset: number,
): AsyncIterable<Uint8Array> {
  let wanted = offset;
  for await (const bytes of content) {
    wanted += bytes.length;
    assertFits(room, wanted);
    yield bytes;
  }
}
