/** What the bench prints: a promise, what was done, the figure beside its bar. */
import Table from 'cli-table3';

export interface GeoRow {
  /** Its number, or what it says in short. */
  readonly promise: string;
  /** What was done, with its sizes. */
  readonly done: string;
  readonly figure: string;
  readonly bar: string;
  readonly isMet: boolean;
}

export interface BenchOptions {
  /** Whether to measure in a small way, which shows that a row works, and no more. */
  readonly isSmall: boolean;
  /** How large a large backfill is. */
  readonly gigabytes: number;
}

export type RunRow = (options: BenchOptions) => Promise<GeoRow[]>;

export function printRows(rows: readonly GeoRow[]): string {
  const head = ['promise', 'what was done', 'figure', 'bar', ''];
  const table = new Table({ head, colWidths: [16, 56, 30, 22, 8], wordWrap: true });
  for (const { promise, done, figure, bar, isMet } of rows) {
    table.push([promise, done, figure, bar, isMet ? 'met' : 'MISSED']);
  }
  return table.toString();
}

type Measured = Omit<GeoRow, 'figure' | 'bar' | 'isMet'> & {
  readonly value: number;
  readonly unit: string;
};

/** A row whose figure must not be over the bar. */
export function atMost(bar: number, { value, unit, ...row }: Measured): GeoRow {
  const [figure, limit] = [printFigure(value, unit), `≤ ${printFigure(bar, unit)}`];
  return { ...row, figure, bar: limit, isMet: value <= bar };
}

/** A row whose figure must not be under the bar. */
export function atLeast(bar: number, { value, unit, ...row }: Measured): GeoRow {
  const [figure, limit] = [printFigure(value, unit), `≥ ${printFigure(bar, unit)}`];
  return { ...row, figure, bar: limit, isMet: value >= bar };
}

function printFigure(value: number, unit: string): string {
  const isWhole = Number.isInteger(value) || Math.abs(value) >= 1000;
  const digits = isWhole ? 0 : Math.abs(value) < 10 ? 3 : 1;
  return `${value.toFixed(digits)} ${unit}`;
}

/** The value that so large a share of all does not exceed; `NaN` where there is none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}
