/**
 * How soon a site on the embedded default is ready: on an empty data directory, and on the same
 * again.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPort, startProgram } from '../support/programs/program.ts';
import { median } from './load.ts';
import { limitRow, type Row } from './table.ts';
import { warmMachine } from './warm.ts';

const ROUNDS = 3;

export async function benchStarts(): Promise<Row[]> {
  const [first, second]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    const data = await mkdtemp(join(tmpdir(), 'bench-start-'));
    // At the same address, as a site that is started again.
    const port = await findPort();
    first.push(await secondsToReady({ data, port }));
    second.push(await secondsToReady({ data, port }));
    await rm(data, { recursive: true, force: true });
  }
  return [
    limitRow('ready, first start', { ours: median(first), unit: 's' }, 2),
    limitRow('ready, second start', { ours: median(second), unit: 's' }, 0.7),
  ];
}

/** From the start of the process to the first 200 of /readyz. */
async function secondsToReady(options: { data: string; port: number }): Promise<number> {
  await warmMachine();
  const started = performance.now();
  const program = await startProgram(options);
  const seconds = (performance.now() - started) / 1000;
  await program.stop();
  return seconds;
}
