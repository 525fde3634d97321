/** Reads how much of the line may be used, and when. */

/** A time of the day in which a rate holds; one that ends before it begins goes over midnight. */
export interface BandwidthWindow {
  /** Minutes since midnight, in the time zone of the machine. */
  readonly from: number;
  readonly to: number;
  /** Infinite for no limit. */
  readonly bytesPerSecond: number;
}

const DAY_MINUTES = 24 * 60;
const UNITS = { kB: 1e3, MB: 1e6, GB: 1e9 } as const;

/** One rate for the whole day, or windows; outside of all windows nothing is limited. */
export function readBandwidth(text: string): readonly BandwidthWindow[] | undefined {
  const bytesPerSecond = readRate(text);
  if (bytesPerSecond !== undefined) return [{ from: 0, to: DAY_MINUTES, bytesPerSecond }];
  const windows = text.split(',').map((part) => readWindow(part.trim()));
  return windows.every((window) => window !== undefined) ? windows : undefined;
}

function readWindow(text: string): BandwidthWindow | undefined {
  const [, begin, end, rate] = /^(\d\d:\d\d)-(\d\d:\d\d)=(.+)$/.exec(text) ?? [];
  const [from, to] = [readTime(begin ?? ''), readTime(end ?? '')];
  const bytesPerSecond = readRate(rate ?? '');
  if (from === undefined || to === undefined || bytesPerSecond === undefined) return undefined;
  return { from, to, bytesPerSecond };
}

function readTime(text: string): number | undefined {
  const [hours, minutes] = text.split(':').map(Number);
  if (hours === undefined || minutes === undefined || minutes > 59) return undefined;
  const time = hours * 60 + minutes;
  return time <= DAY_MINUTES ? time : undefined;
}

function readRate(text: string): number | undefined {
  if (text === 'unlimited') return Number.POSITIVE_INFINITY;
  const [, amount, unit] = /^([1-9]\d{0,5}(?:\.\d{1,3})?)(kB|MB|GB)\/s$/.exec(text) ?? [];
  return unit === undefined ? undefined : Number(amount) * UNITS[unit as keyof typeof UNITS];
}
