/**
 * How fast each site copied and how far behind it was, as far as this browser saw it: kept while it
 * is open, also where the page is loaded anew.
 */
import { signal } from '@preact/signals';
import type { Site } from '../../api/sites.ts';

interface Moment {
  /** Seconds since 1970. */
  readonly at: number;
  readonly bytesPerSecond: Readonly<Record<string, number>>;
}

const KEY = 'meridian.speeds';

/** Half an hour, at one moment every two seconds. */
const MOST = 900;

/** Moments closer than this are one: a page that is opened again asks at once. */
const LEAST_SECONDS = 1;

export const history = signal<readonly Moment[]>(readKept());

export function noteFigures(sites: readonly Site[]): void {
  const at = Date.now() / 1000;
  const before = history.peek();
  if (at - (before.at(-1)?.at ?? 0) < LEAST_SECONDS) return;
  const known = sites.flatMap(({ name, status }) =>
    status ? [[name, status.bytesPerSecond] as const] : [],
  );
  const moment = { at, bytesPerSecond: Object.fromEntries(known) };
  history.value = [...before.slice(1 - MOST), moment];
  sessionStorage.setItem(KEY, JSON.stringify(history.value));
}

function readKept(): Moment[] {
  try {
    return JSON.parse(sessionStorage.getItem(KEY) ?? '[]') as Moment[];
  } catch {
    return [];
  }
}
