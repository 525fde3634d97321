/** Memory maker of `GarbageBin`. */
import type { BinFilter, Collected, GarbageBin, GarbageRun } from '../../garbage-bin.ts';

interface Kept {
  readonly collected: Collected;
  readonly run: string;
  readonly at: Date;
}

export class MemoryGarbageBin implements GarbageBin {
  readonly #kept = new Map<string, Kept>();
  #lastRun: GarbageRun | undefined;

  /** Called where it is collected. */
  put(collected: Collected, run: string, at: Date): void {
    this.#kept.set(keyOf(collected), { collected, run, at });
  }

  async list<Kind extends Collected['kind']>(
    kind: Kind,
    page: BinFilter & { readonly after?: Collected; readonly limit: number },
  ): Promise<Extract<Collected, { kind: Kind }>[]> {
    const after = page.after ? keyOf(page.after) : '';
    const keys = [...this.#kept.keys()].filter((key) => key > after).sort();
    const wanted = keys
      .map((key) => this.#kept.get(key)!)
      .filter(({ run }) => page.run === undefined || run === page.run)
      .map(({ collected }) => collected)
      .filter(({ repository }) => repository === (page.repository ?? repository));
    const ofKind = wanted.filter((one) => one.kind === kind).slice(0, page.limit);
    return ofKind as Extract<Collected, { kind: Kind }>[];
  }

  async find(
    kind: Collected['kind'],
    where: Pick<Collected, 'repository' | 'digest'>,
  ): Promise<Collected | undefined> {
    return this.#kept.get(keyOf({ ...where, kind }))?.collected;
  }

  async remove(collected: Pick<Collected, 'kind' | 'repository' | 'digest'>): Promise<void> {
    this.#kept.delete(keyOf(collected));
  }

  async deleteBefore(time: Date): Promise<number> {
    const old = [...this.#kept].filter(([, { at }]) => at < time);
    for (const [key] of old) this.#kept.delete(key);
    return old.length;
  }

  async count(): Promise<number> {
    return this.#kept.size;
  }

  async recordRun(run: GarbageRun): Promise<void> {
    this.#lastRun = run;
  }

  async findLastRun(): Promise<GarbageRun | undefined> {
    return this.#lastRun;
  }
}

function keyOf({ kind, repository, digest }: Pick<Collected, 'kind' | 'repository' | 'digest'>) {
  // No name of a repository has a space, so the order is that of the names.
  return `${kind} ${repository} ${digest}`;
}
