/** Keys by a time each, the earliest first: what a sorted set is in Redis. */
interface Item<K> {
  readonly key: K;
  readonly time: number;
}

/** A binary heap; what was taken out or moved stays in it until it comes to the top. */
export class TimeOrder<K> {
  readonly #times = new Map<K, number>();
  readonly #heap: Item<K>[] = [];

  get(key: K): Date | undefined {
    const time = this.#times.get(key);
    return time === undefined ? undefined : new Date(time);
  }

  /** Puts the key in, or moves it. */
  set(key: K, at: Date): void {
    const time = at.getTime();
    this.#times.set(key, time);
    this.#heap.push({ key, time });
    this.#rise(this.#heap.length - 1);
  }

  delete(key: K): void {
    this.#times.delete(key);
  }

  /** The earliest, without taking it out. */
  first(): { readonly key: K; readonly at: Date } | undefined {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (this.#times.get(top.key) === top.time) return { key: top.key, at: new Date(top.time) };
      this.#drop();
    }
    return undefined;
  }

  #drop(): void {
    const last = this.#heap.pop()!;
    if (this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfLater(parent, at)) return;
      at = parent;
    }
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      const isRight = right < this.#heap.length && this.#time(right) < this.#time(left);
      const child = isRight ? right : left;
      if (child >= this.#heap.length || !this.#swapIfLater(at, child)) return;
      at = child;
    }
  }

  #time(at: number): number {
    return this.#heap[at]!.time;
  }

  #swapIfLater(upper: number, lower: number): boolean {
    if (this.#time(upper) <= this.#time(lower)) return false;
    const item = this.#heap[upper]!;
    this.#heap[upper] = this.#heap[lower]!;
    this.#heap[lower] = item;
    return true;
  }
}
