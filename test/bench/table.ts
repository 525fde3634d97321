/** The rows that the bench prints: a figure, its peer's, and the bar. */
import Table from 'cli-table3';

export interface Row {
  readonly what: string;
  readonly ours: string;
  /** The same of the peer in the same run, where it has such a thing. */
  readonly peer?: string;
  /** What is held against the bar: a ratio, or the figure itself. */
  readonly figure: string;
  readonly bar: string;
  readonly isMet: boolean;
}

export function printTable(rows: readonly Row[]): string {
  const table = new Table({ head: ['', 'Meridian', 'docker-registry', 'figure', 'bar', ''] });
  for (const row of rows) {
    table.push([
      row.what,
      row.ours,
      row.peer ?? '–',
      row.figure,
      row.bar,
      row.isMet ? 'met' : 'MISSED',
    ]);
  }
  return table.toString();
}

/** A row whose figure is our rate over the peer's and must be at least `atLeast`. */
export function ratioRow(
  what: string,
  rates: { readonly ours: number; readonly peer: number; readonly unit: string },
  atLeast: number,
): Row {
  const ratio = rates.ours / rates.peer;
  return {
    what,
    ours: `${rates.ours.toFixed(0)} ${rates.unit}`,
    peer: `${rates.peer.toFixed(0)} ${rates.unit}`,
    figure: `${ratio.toFixed(2)} ×`,
    bar: `≥ ${atLeast} ×`,
    isMet: ratio >= atLeast,
  };
}

/** A row whose figure must not be over `atMost`. */
export function limitRow(
  what: string,
  measured: { readonly ours: number; readonly peer?: number; readonly unit: string },
  atMost: number,
): Row {
  const print = (value: number) => `${value.toFixed(value < 10 ? 2 : 0)} ${measured.unit}`;
  return {
    what,
    ours: print(measured.ours),
    ...(measured.peer === undefined ? {} : { peer: print(measured.peer) }),
    figure: print(measured.ours),
    bar: `≤ ${atMost} ${measured.unit}`,
    isMet: measured.ours <= atMost,
  };
}
