/**
 * Profiles: sites that an operator speaks to by a short name, in
 * `$XDG_CONFIG_HOME/meridian/profiles.json`, for its owner alone, since it holds passwords.
 */
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ConfigError, processEnvironment } from '../../config.ts';
import type { Connection } from '../site-client.ts';

export interface ProfileFile {
  /** What commands speak to where nobody says. */
  readonly current?: string;
  readonly profiles: Readonly<Record<string, Connection>>;
}

const OWNER_ONLY = { file: 0o600, folder: 0o700 };
const OTHERS = 0o077;

function pathOf(): string {
  const { XDG_CONFIG_HOME: given } = processEnvironment();
  return join(given || join(homedir(), '.config'), 'meridian', 'profiles.json');
}

/** @throws ConfigError where others may read it, or it is none */
export function readProfiles(): ProfileFile {
  const path = pathOf();
  const text = readIfThere(path);
  if (text === undefined) return { profiles: {} };
  if (statSync(path).mode & OTHERS) {
    throw new ConfigError([`Others may read the passwords in ${path}: chmod 600 it.`]);
  }
  try {
    return JSON.parse(text) as ProfileFile;
  } catch {
    throw new ConfigError([`${path} is no JSON: mend it, or take it away.`]);
  }
}

/** Whole or not at all. */
export function writeProfiles(file: ProfileFile): void {
  const path = pathOf();
  mkdirSync(dirname(path), { recursive: true, mode: OWNER_ONLY.folder });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(file, undefined, 2)}\n`, { mode: OWNER_ONLY.file });
  renameSync(draft, path);
}

/** @throws ConfigError where there is none of that name */
export function getProfile({ profiles }: ProfileFile, name: string): Connection {
  const found = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (found) return found;
  throw new ConfigError([`There is no profile ${name}: meridian profile list shows them.`]);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
