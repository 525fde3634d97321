/**
 * How the text of a setting becomes a value, by kind of value.
 *
 * A start waits for the settings before all else, so they come without the validation library that
 * the bodies of requests have.
 */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { Consistency } from '../oci/consistency.ts';
import { type PathPattern, parsePathPattern } from '../oci/path-pattern.ts';
import { parsePlace } from '../oci/place.ts';
import { readBandwidth } from './bandwidth.ts';

/** A host and a port to listen at. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Where blobs are kept. */
export type StorageLocation =
  | { readonly kind: 'file'; readonly directory: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Before every key; '' or ending in a slash. */
      readonly prefix: string;
      /** Where absent, the AWS chain says. */
      readonly region?: string;
      readonly endpoint?: string;
      /** Whether the bucket stands in the path instead of in the host name. */
      readonly isPathStyle: boolean;
    };

/** From text to a value of one kind. */
export interface Kind<T> {
  /** The value; `undefined` where the text is wrong. */
  readonly read: (text: string) => T | undefined;
  /** What would be right, so that it reads well behind the setting's name. */
  readonly wanted: string;
}

function valueOf<T>(read: (text: string) => T | undefined, wanted: string): Kind<T> {
  return { read: (given) => read(given.trim()), wanted };
}

export const text = valueOf((given) => given || undefined, 'must not be empty');

/** Of AES-256; `openssl rand -base64 32` with `-` and `_`. */
export const secretKey = valueOf((given) => {
  return /^[\w-]{43}=?$/.test(given) ? Buffer.from(given, 'base64url') : undefined;
}, 'must be 32 bytes as base64url, which are 43 letters, digits, hyphens and underscores');

export const path = valueOf(
  (given) => (given ? resolve(given) : undefined),
  'must be the path of a file or folder',
);

export const name = valueOf(
  (given) => (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(given) ? given : undefined),
  'must be 1 to 63 lower-case letters, digits and inner hyphens, such as berlin-2',
);

export const isOn = valueOf((given): boolean | undefined => {
  if (/^(?:true|yes|on|1)$/i.test(given)) return true;
  return /^(?:false|no|off|0)$/i.test(given) ? false : undefined;
}, 'must be true or false');

/** A whole number between two bounds, both allowed. */
export function count(least: number, most: number) {
  return valueOf((given) => {
    const value = Number(given);
    return /^\d+$/.test(given) && value >= least && value <= most ? value : undefined;
  }, `must be a whole number from ${least} to ${most}`);
}

/** One of a few words. */
export function oneOf<const T extends string>(words: readonly T[]) {
  return valueOf((given) => words.find((word) => word === given), `must be ${words.join(' or ')}`);
}

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A length of time such as 90s, 15m, 12h or 7d, in milliseconds. */
export function duration(least: string, most: string) {
  const [leastMs, mostMs] = [readDuration(least)!, readDuration(most)!];
  return valueOf((given) => {
    const value = readDuration(given);
    return value !== undefined && value >= leastMs && value <= mostMs ? value : undefined;
  }, `must be a length of time from ${least} to ${most}, such as 90s, 15m, 12h or 7d`);
}

/** A rate, or windows of the day with a rate each. */
export const bandwidth = valueOf(
  readBandwidth,
  'must be a rate such as 10MB/s, unlimited, or 22:00-06:00=unlimited, 06:00-22:00=10MB/s',
);

/** What `MERIDIAN_CONSISTENCY` says; the header of a request is written otherwise. */
export const consistency = valueOf((given): Consistency | undefined => {
  if (given === 'strong' || given === 'eventual' || given === 'bounded') return { mode: given };
  const [, time] = /^bounded:(.+)$/.exec(given) ?? [];
  const maxAgeMs = time === undefined ? undefined : readDuration(time);
  return maxAgeMs === undefined ? undefined : { mode: 'bounded', maxAgeMs };
}, 'must be strong, eventual, bounded or bounded with a length of time, such as bounded:10s');

function readDuration(given: string): number | undefined {
  const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(given) ?? [];
  return unit === undefined ? undefined : Number(amount) * UNITS[unit as keyof typeof UNITS];
}

export const place = valueOf(
  parsePlace,
  'must be a latitude from -90 to 90 and a longitude from -180 to 180, such as 38.72,-9.14',
);

export const listen = valueOf(readListen, 'must be host:port, such as 0.0.0.0:5000 or [::]:5000');

/** As `listen`; "off" for nowhere. */
export const listenOrOff = valueOf(
  (given) => (given === 'off' ? ('off' as const) : readListen(given)),
  'must be host:port, such as 127.0.0.1:9090, or off',
);

function readListen(given: string): ListenAddress | undefined {
  const [, bracketed, plain, digits] =
    /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(given) ?? [];
  const [host, port] = [bracketed ?? plain, Number(digits)];
  if (host === undefined || port > 65_535 || (bracketed && isIP(bracketed) !== 6)) return undefined;
  return { host, port };
}

/** A location of nginx, from one slash to another; "off" for none. */
export const locationOrOff = valueOf(
  (given) => (given === 'off' || /^(?:\/[a-z0-9_-]+)+\/$/.test(given) ? given : undefined),
  'must be a path such as /meridian-blobs/, or off',
);

/** An http or https address without a path, as clients and other sites type it. */
export const origin = valueOf((given) => {
  const url = readUrl(given, ['http:', 'https:']);
  const isBare = url?.pathname === '/' && !url.search && !url.hash && !url.username;
  return isBare ? url.origin : undefined;
}, 'must be an http or https URL without a path, such as https://registry.example.com');

export const databaseUrl = urlOf(
  ['postgres:', 'postgresql:'],
  'must be a PostgreSQL URL, such as postgres://user:password@host:5432/meridian',
);

export const redisUrl = urlOf(
  ['redis:', 'rediss:'],
  'must be a Redis URL, such as redis://host:6379/0',
);

function urlOf(protocols: readonly string[], wanted: string) {
  return valueOf((given) => (readUrl(given, protocols) ? given : undefined), wanted);
}

function readUrl(given: string, protocols: readonly string[]): URL | undefined {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  return url && protocols.includes(url.protocol) ? url : undefined;
}

/** Addresses and networks (CIDR), separated by commas. */
export const networks = listOf(
  (given) => (isNetwork(given) ? given : undefined),
  'must be IP addresses or networks separated by commas, such as 10.0.0.0/8, 192.0.2.7',
);

function isNetwork(given: string): boolean {
  const [address = '', bits, ...rest] = given.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
  );
}

/** Path patterns; "true" for every repository, "false" for none. */
export const patterns = valueOf((given): readonly PathPattern[] | undefined => {
  const whole = isOn.read(given);
  if (whole !== undefined) return whole ? ['**' as PathPattern] : [];
  return readList(given, parsePathPattern);
}, 'must be true, false, or path patterns separated by commas, such as public/**, tools/*');

function listOf<T>(read: (item: string) => T | undefined, wanted: string) {
  return valueOf((given) => readList(given, read), wanted);
}

function readList<T>(given: string, read: (item: string) => T | undefined): T[] | undefined {
  const items = given.split(',').map((item) => item.trim());
  const values = items.filter((item) => item !== '').map(read);
  return values.includes(undefined) ? undefined : (values as T[]);
}

/**
 * `file:/var/lib/meridian/blobs`, or
 * `s3://bucket/prefix?region=eu-central-1&endpoint=https://s3.example.com&pathStyle=true`.
 */
export const storage = valueOf(
  (given): StorageLocation | undefined => readFileStorage(given) ?? readS3Storage(given),
  'must be file:/path/of/a/folder or s3://bucket/prefix?region=…&endpoint=…&pathStyle=true',
);

function readFileStorage(given: string): StorageLocation | undefined {
  const directory = /^file:(?:\/\/(?=\/))?(.+)$/.exec(given)?.[1];
  return directory === undefined ? undefined : { kind: 'file', directory: resolve(directory) };
}

const S3_OPTIONS = ['region', 'endpoint', 'pathStyle'];

function readS3Storage(given: string): StorageLocation | undefined {
  const url = readUrl(given, ['s3:']);
  // Keys come from the AWS variables: an address is printed, logged and handed around.
  if (!url?.hostname || url.username) return undefined;
  if ([...url.searchParams.keys()].some((key) => !S3_OPTIONS.includes(key))) return undefined;
  const endpoint = url.searchParams.get('endpoint');
  const region = url.searchParams.get('region');
  const isPathStyle = isOn.read(url.searchParams.get('pathStyle') ?? 'false');
  if (isPathStyle === undefined || (endpoint && !readUrl(endpoint, ['http:', 'https:']))) {
    return undefined;
  }
  const folders = url.pathname.split('/').filter((folder) => folder !== '');
  return {
    kind: 's3',
    bucket: url.hostname,
    prefix: folders.map((folder) => `${folder}/`).join(''),
    ...(region ? { region } : {}),
    ...(endpoint ? { endpoint } : {}),
    isPathStyle,
  };
}
