/** How much memory a process holds while it works, sampled from outside. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const MIB = 1024 * 1024;
const SAMPLE_MS = 100;
/** What is held after this share of the work is what it takes; the rest has to do with no more. */
const WARM_SHARE = 0.1;

interface Sample {
  /** How much of the work was done. */
  readonly done: number;
  readonly mib: number;
}

export interface MemoryFigures {
  /** The most that was held until a tenth of the work was done. */
  readonly warmMib: number;
  readonly mostMib: number;
}

/** Samples while the work goes on. @param readDone how much of it is done, in any unit */
export async function sampleMemory(
  pids: readonly number[],
  readDone: () => Promise<number>,
  work: () => Promise<void>,
): Promise<MemoryFigures[]> {
  const samples: Sample[][] = pids.map(() => []);
  const over = new AbortController();
  const sampling = (async () => {
    while (!over.signal.aborted) {
      const done = await readDone();
      for (const [index, pid] of pids.entries()) {
        samples[index]!.push({ done, mib: readResident(pid) / MIB });
      }
      await sleep(SAMPLE_MS);
    }
  })();
  try {
    await work();
  } finally {
    over.abort();
    await sampling;
  }
  return samples.map(summarise);
}

function summarise(samples: readonly Sample[]): MemoryFigures {
  const [begun, ended] = [samples[0]!.done, samples.at(-1)!.done];
  const warmAt = begun + (ended - begun) * WARM_SHARE;
  const isCold = samples.filter(({ done }, index) => index === 0 || done <= warmAt);
  const firstWarm = samples[isCold.length] ?? samples.at(-1)!;
  const warmMib = Math.max(firstWarm.mib, ...isCold.map(({ mib }) => mib));
  return { warmMib, mostMib: Math.max(...samples.map(({ mib }) => mib)) };
}

/** In bytes; what of it the process shares with others counts as well. */
function readResident(pid: number): number {
  const pages = readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1];
  return Number(pages) * 4096;
}
