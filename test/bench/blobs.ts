/** Blob bytes: processor time of reads, rate of pushes, memory with many readers at once. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { contentOf } from '../conformance/fixtures.ts';
import { download, median, requestRate, upload } from './load.ts';
import { cpuSecondsOf, familyMemoryMb, residentMbOf } from './process-figures.ts';
import type { Stand } from './stand.ts';
import { limitRow, type Row, ratioRow } from './table.ts';
import { warmMachine } from './warm.ts';

const MIB = 1024 * 1024;
const REPOSITORY = 'bench/blobs';
/** Of each; a disk that is at work for others makes single rounds differ threefold. */
const ROUNDS = 9;

/** Reads 4 GiB in blobs of 512 MiB, one after another. */
export async function benchBlobReads(ours: Stand, peer: Stand, folder: string): Promise<Row[]> {
  const size = 512 * MIB;
  const cost = async (stand: Stand) => {
    const { url, headers } = await pushFile(stand, join(folder, 'read'), size);
    await download(url, headers);
    const before = cpuSecondsOf(stand.server.pid);
    for (let i = 0; i < 8; i++) await download(url, headers);
    return (cpuSecondsOf(stand.server.pid) - before) / 4;
  };
  const measured = { ours: await cost(ours), peer: await cost(peer), unit: 'CPU s/GiB' };
  return [limitRow('blob reads', measured, 0.5)];
}

/** Sends 512 MiB at a time, new bytes each time, the two in turns. */
export async function benchBlobPushes(ours: Stand, peer: Stand, folder: string): Promise<Row[]> {
  const sizeMb = 512;
  const rates = new Map<Stand, number[]>([ours, peer].map((stand) => [stand, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const stand of round % 2 === 0 ? [ours, peer] : [peer, ours]) {
      const { seconds } = await pushFile(stand, join(folder, 'push'), sizeMb * MIB);
      rates.get(stand)!.push((sizeMb * 1.048576) / seconds);
    }
  }
  const [mine, theirs] = [median(rates.get(ours)!), median(rates.get(peer)!)];
  return [ratioRow('blob pushes', { ours: mine, peer: theirs, unit: 'MB/s' }, 2.5)];
}

/** 200 connections pull one blob of 100 MiB for twenty seconds; memory is read each second. */
export async function benchMemory(ours: Stand, folder: string): Promise<Row[]> {
  const { url, headers } = await pushFile(ours, join(folder, 'pulled'), 100 * MIB);
  const load = { connections: 200, seconds: 20, headers: asRecord(headers) };
  const pulling = requestRate(url, load);
  const samples: { process: number; family: number }[] = [];
  for (let second = 0; second < load.seconds; second++) {
    const { pid } = ours.server;
    samples.push({ process: residentMbOf(pid), family: familyMemoryMb(pid) });
    await wait(1000);
  }
  await pulling;
  const peak = Math.max(...samples.map((sample) => sample.process));
  const family = Math.max(...samples.map((sample) => sample.family));
  const half = samples.slice(samples.length / 2).map((sample) => sample.process);
  const growth = (half.at(-1) ?? 0) - (half[0] ?? 0);
  return [
    limitRow('resident memory, 200 pulls of 100 MiB', { ours: peak, unit: 'MB' }, 300),
    limitRow('… its growth in the second half', { ours: growth, unit: 'MB' }, 20),
    limitRow('… with PostgreSQL and all children', { ours: family, unit: 'MB' }, 400),
  ];
}

interface Pushed {
  readonly url: string;
  readonly headers: string[];
  readonly seconds: number;
}

async function pushFile(stand: Stand, file: string, sizeBytes: number): Promise<Pushed> {
  const content = contentOf(stand.fixtures.bytes(sizeBytes));
  await writeFile(file, content.bytes);
  const headers = Object.entries(await stand.headers(`repository:${REPOSITORY}:pull,push`)).map(
    ([name, value]) => `${name}: ${value}`,
  );
  await warmMachine();
  const seconds = await upload(await stand.uploadUrl(REPOSITORY, content), file, headers);
  const url = `${stand.server.url}/v2/${REPOSITORY}/blobs/${content.digest}`;
  return { url, headers, seconds };
}

function asRecord(headers: readonly string[]): Record<string, string> {
  return Object.fromEntries(headers.map((line) => line.split(': ') as [string, string]));
}
