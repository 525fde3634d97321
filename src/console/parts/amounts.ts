/** Amounts as people read them. */

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];

/** By thousands, with three digits: `3.82 MB`. */
export function printBytes(bytes: number): string {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const value = bytes / 1000 ** power;
  const digits = power === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[power]}`;
}

export function printSpeed(bytesPerSecond: number): string {
  return `${printBytes(bytesPerSecond)}/s`;
}

/** `0.4 s`, `12 s`, `3 min`, `5 h`, `2 days`. */
export function printDuration(seconds: number): string {
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

const COUNT = new Intl.NumberFormat('en');

export function printCount(count: number): string {
  return COUNT.format(count);
}

/** `1 site`, `3 sites`. */
export function printSome(count: number, one: string, many = `${one}s`): string {
  return `${printCount(count)} ${count === 1 ? one : many}`;
}

/** Never 100 while anything lacks. */
export function printPercent(percent: number | null): string {
  if (percent === null) return '–';
  return `${percent < 100 ? Math.min(Math.floor(percent * 10) / 10, 99.9) : 100} %`;
}

/** How long ago, seen from now. */
export function printAge(time: string, now = Date.now()): string {
  const seconds = Math.max((now - Date.parse(time)) / 1000, 0);
  return seconds < 5 ? 'just now' : `${printDuration(seconds)} ago`;
}

/** Enough of a digest to tell it from others. */
export function printDigest(digest: string): string {
  const [algorithm = '', hex = ''] = digest.split(':');
  return `${algorithm}:${hex.slice(0, 12)}`;
}
