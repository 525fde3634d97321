/** Numbers as people read them: `1.2 GB`, `3 min 20 s`, `99.9 %`. */

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** In steps of 1000, with one digit behind the point from kB on. */
export function printBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.95 && unit < BYTE_UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** @param seconds a dash where null */
export function printSeconds(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds < 60)
    return `${seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor(minutes / 60) % 24];
  return days > 0 ? `${days} d ${hours} h` : `${hours} h ${minutes % 60} min`;
}

/** @param percent a dash where null: of nothing, nothing lacks */
export function printPercent(percent: number | null): string {
  return percent === null ? '–' : `${percent} %`;
}
