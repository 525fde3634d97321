/** How far long work has come: a bar where somebody looks, nothing where nobody does. */
import { setTimeout as sleep } from 'node:timers/promises';
import { printBytes } from './amounts.ts';

export interface Progress {
  /** False where nobody looks: what is only to be shown need not be asked for. */
  readonly isShown: boolean;
  /** @param total of the same unit as what is added */
  start(what: string, total: number): void;
  add(amount: number): void;
  /** Idempotent. */
  stop(): void;
}

const SILENT: Progress = { isShown: false, start: () => {}, add: () => {}, stop: () => {} };

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
    isShown: true,
    start: (what, total) => bar.start(total, 0, { what }),
    add: (amount) => bar.increment(amount),
    stop: () => bar.stop(),
  };
}

function formatValue(value: number, _options: unknown, type: string): string {
  return type === 'value' || type === 'total' ? printBytes(value) : String(value);
}

/** So much of a whole. */
export interface Share {
  readonly done: number;
  readonly total: number;
}

interface Shown {
  readonly what: string;
  /** Asks the site how far it has come; where it cannot be asked, the bar stays as it is. */
  readonly read: () => Promise<Share>;
}

const LOOK_EVERY_MS = 1000;

/** Shows how far a site has come with what it is asked for, until it answers. */
export async function showWhile<T>(work: () => Promise<T>, shown: Shown): Promise<T> {
  const progress = await openProgress('items');
  const over = new AbortController();
  const showing = progress.isShown ? show(progress, shown, over.signal) : undefined;
  try {
    return await work();
  } finally {
    over.abort();
    await showing;
    progress.stop();
  }
}

async function show(progress: Progress, { what, read }: Shown, signal: AbortSignal): Promise<void> {
  let before: number | undefined;
  while (!signal.aborted) {
    const share = await read().catch(() => undefined);
    if (share && before === undefined) progress.start(what, share.total);
    if (share) progress.add(share.done - (before ?? 0));
    before = share?.done ?? before;
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}
