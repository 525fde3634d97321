/** What the commands of policies have in common: where one is set, and how sizes are written. */
import { type Command, InvalidArgumentError } from 'commander';
import { type ConnectionOptions, withConnection } from '../connection.ts';

export interface PlaceOptions extends ConnectionOptions {
  readonly path?: string;
}

/** A command that speaks of one policy. */
export function withPlace(command: Command): Command {
  return withConnection(
    command.option('--path <path>', 'a group, project or image; the whole registry by default'),
  );
}

/** A command that lists policies. */
export function withList(command: Command): Command {
  return withConnection(command.option('--path <path>', 'only those of exactly this path'));
}

/** Where policies of that sort are listed. */
export function listed(plural: string, path: string | undefined): string {
  const query = path === undefined ? '' : `?${new URLSearchParams({ path }).toString()}`;
  return `/api/v1/${plural}${query}`;
}

/** Where the policy is. */
export function placeOf(plural: string, name: string, path: string | undefined): string {
  const query = new URLSearchParams({ path: path ?? '' });
  return `/api/v1/${plural}/${encodeURIComponent(name)}?${query.toString()}`;
}

export function printPath(path: string): string {
  return path === '' ? 'the whole registry' : path;
}

const UNITS: Readonly<Record<string, number>> = { B: 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** Bytes, or `20GB`, in steps of 1000. */
export function parseBytes(text: string): number {
  const [, number = '', unit = 'B'] = /^([0-9]{1,15})\s*([KMGT]?B)?$/i.exec(text) ?? [];
  const bytes = Number(number) * UNITS[unit.toUpperCase()]!;
  if (number !== '' && Number.isSafeInteger(bytes)) return bytes;
  throw new InvalidArgumentError('It must be a number of bytes, such as 500000 or 20GB.');
}
