/** Doing something many times, several at once or at an even pace, and counting what failed. */
import { setTimeout as sleep } from 'node:timers/promises';

/** So many failures are told of; the others are counted. */
const MOST_TOLD = 5;

export class Failures {
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Counts a failure instead of throwing it. */
  async catch(task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      this.add(String(error));
    }
  }

  add(text: string): void {
    this.#count += 1;
    if (this.#count <= MOST_TOLD) process.stderr.write(`  ${text}\n`);
  }
}

/** So many times, in so many lanes: each does one after the other. */
export async function inLanes(
  { count, lanes }: { readonly count: number; readonly lanes: number },
  task: (n: number, lane: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async (lane: number) => {
    for (let n = next++; n < count; n = next++) await task(n, lane);
  };
  await Promise.all(Array.from({ length: lanes }, (_, lane) => run(lane)));
}

/** So many times a second, however long each takes. @returns how long each took, in ms */
export async function atPace(
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
  task: (n: number) => Promise<void>,
): Promise<number[]> {
  const running: Promise<number>[] = [];
  const begunMs = performance.now();
  for (let n = 0; n < perSecond * seconds; n++) {
    const waitMs = begunMs + (n * 1000) / perSecond - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    running.push(timed(() => task(n)));
  }
  return Promise.all(running);
}

/** How long it took, in ms. */
export async function timed(task: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await task();
  return performance.now() - startMs;
}

export function pick<T>(values: readonly T[]): T {
  return values[Math.floor(Math.random() * values.length)]!;
}
