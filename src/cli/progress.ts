/** How far long work has come: a bar where somebody looks, nothing where nobody does. */
import { printBytes } from './amounts.ts';

export interface Progress {
  /** @param total of the same unit as what is added */
  start(what: string, total: number): void;
  add(amount: number): void;
  /** Idempotent. */
  stop(): void;
}

const SILENT: Progress = { start: () => {}, add: () => {}, stop: () => {} };

/** On stderr, so that what a command prints can go elsewhere. */
export async function openProgress(unit: 'bytes' | 'items'): Promise<Progress> {
  if (!process.stderr.isTTY) return SILENT;
  const { default: progress } = await import('cli-progress');
  const format = '{what} [{bar}] {percentage} % · {value} of {total} · {eta_formatted} left';
  const bar = new progress.SingleBar({
    format,
    stream: process.stderr,
    hideCursor: true,
    clearOnComplete: true,
    barsize: 30,
    ...(unit === 'bytes' ? { formatValue } : {}),
  });
  return {
    start: (what, total) => bar.start(total, 0, { what }),
    add: (amount) => bar.increment(amount),
    stop: () => bar.stop(),
  };
}

function formatValue(value: number, _options: unknown, type: string): string {
  return type === 'value' || type === 'total' ? printBytes(value) : String(value);
}
