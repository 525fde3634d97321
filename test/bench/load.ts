/** Load from outside: Debian's wrk for request rates, curl for single streams. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface LoadOptions {
  readonly connections: number;
  readonly seconds: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Requests a second that the URL answers. Throws where any answer is no success. */
export async function requestRate(url: string, options: LoadOptions): Promise<number> {
  const headers = Object.entries(options.headers ?? {}).flatMap(([name, value]) => [
    '-H',
    `${name}: ${value}`,
  ]);
  const size = ['-t1', `-c${options.connections}`, `-d${options.seconds}s`];
  const { stdout } = await run('wrk', [...size, ...headers, url]);
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(stdout);
  if (bad) throw new Error(`${url}: ${bad[1]} answers were no success`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? Number.NaN);
}

/** Reads the URL to its end and throws the bytes away. @returns seconds. */
export async function download(url: string, headers: readonly string[] = []): Promise<number> {
  const started = performance.now();
  await run('curl', ['--fail', '-s', '-o', '/dev/null', ...asFlags(headers), url]);
  return (performance.now() - started) / 1000;
}

/** Sends a file by PUT in one piece. @returns seconds. */
export async function upload(
  url: string,
  file: string,
  headers: readonly string[] = [],
): Promise<number> {
  const started = performance.now();
  const flags = ['--fail', '-s', '-o', '/dev/null', '-H', 'Expect:', '-T', file];
  const type = 'Content-Type: application/octet-stream';
  await run('curl', [...flags, ...asFlags([type, ...headers]), url]);
  return (performance.now() - started) / 1000;
}

const asFlags = (headers: readonly string[]) => headers.flatMap((header) => ['-H', header]);

/** The middle of several measurements. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
