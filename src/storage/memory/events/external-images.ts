/** Memory maker of `ExternalImages`. */
import type {
  CopyOrder,
  CopySettlement,
  ExternalImage,
  ExternalImages,
  ExternalPage,
  ToldImage,
  WaitingImage,
} from '../../events/external-images.ts';

export class MemoryExternalImages implements ExternalImages {
  readonly #images = new Map<number, ExternalImage>();
  readonly #listeners = new Set<() => void>();
  #last = 0;

  async record(
    told: readonly { readonly image: ToldImage; readonly order?: CopyOrder | undefined }[],
  ): Promise<{ recorded: number; queued: number }> {
    const fresh: number[] = [];
    for (const { image, order } of told) {
      if (this.#isKnown(image)) continue;
      const id = ++this.#last;
      const state = order ? 'waiting' : 'recorded';
      const queued = { attempts: 0, queuedAt: image.receivedAt };
      this.#images.set(id, { ...image, ...order, id, state, ...queued });
      if (order) this.#supersede(image);
      fresh.push(id);
    }
    const queued = fresh.filter((id) => this.#images.get(id)?.state === 'waiting').length;
    if (queued > 0) this.#wake();
    return { recorded: fresh.length, queued };
  }

  async find(id: number): Promise<ExternalImage | undefined> {
    return this.#images.get(id);
  }

  async list({ state, limit, after }: ExternalPage): Promise<ExternalImage[]> {
    return [...this.#images.values()]
      .filter((one) => (state ?? one.state) === one.state)
      .filter(({ id }) => after === undefined || id < after)
      .toSorted((one, other) => other.id - one.id)
      .slice(0, limit);
  }

  async listNext(limit: number): Promise<WaitingImage[]> {
    return this.#waiting()
      .toSorted((one, other) => timeOf(one) - timeOf(other) || one.id - other.id)
      .slice(0, limit);
  }

  async settle(id: number, { at: triedAt, ...outcome }: CopySettlement): Promise<void> {
    const found = this.#images.get(id);
    if (found?.state !== 'waiting') return;
    const { nextTryAt: _, ...rest } = found;
    this.#images.set(id, { ...rest, attempts: found.attempts + 1, triedAt, ...outcome });
  }

  async retry(at: Date, id?: number): Promise<number> {
    const failed = [...this.#images.values()].filter((one) => {
      return one.state === 'failed' && (id ?? one.id) === one.id;
    });
    for (const { triedAt: _, message: __, ...image } of failed) {
      this.#images.set(image.id, { ...image, state: 'waiting', attempts: 0, queuedAt: at });
    }
    this.#wake();
    return failed.length;
  }

  async deleteBefore(time: Date): Promise<number> {
    const old = [...this.#images.values()].filter(({ state, receivedAt }) => {
      return state !== 'waiting' && receivedAt < time;
    });
    for (const { id } of old) this.#images.delete(id);
    return old.length;
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #isKnown({ source, eventId }: ToldImage): boolean {
    return [...this.#images.values()].some(
      (one) => one.source === source && one.eventId === eventId,
    );
  }

  /** Of those that wait for the same tag, all but the one that was pushed last. */
  #supersede({ source, repository, tag }: ToldImage): void {
    if (tag === undefined) return;
    const same = [...this.#images.values()]
      .filter((one) => one.source === source && one.repository === repository && one.tag === tag)
      .filter(({ state }) => state !== 'recorded')
      .toSorted((one, other) => {
        return other.pushedAt.getTime() - one.pushedAt.getTime() || other.id - one.id;
      });
    for (const one of same.slice(1)) {
      if (one.state === 'waiting') this.#images.set(one.id, { ...one, state: 'superseded' });
    }
  }

  #waiting(): WaitingImage[] {
    return [...this.#images.values()].filter((one): one is WaitingImage => one.state === 'waiting');
  }

  #wake(): void {
    for (const listener of this.#listeners) setImmediate(listener);
  }
}

function timeOf({ nextTryAt }: ExternalImage): number {
  return nextTryAt?.getTime() ?? 0;
}
