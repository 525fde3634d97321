/**
 * The files of the embedded PostgreSQL.
 *
 *     <data directory>/postgres/        the cluster, whole or not there
 *     <data directory>/postgres.new/    one in the making; of no worth after an interruption
 *     <data directory>/socket/          0700, the only way in; elsewhere where the path is too long
 */
import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { giveTo, type ServerAccount } from './account.ts';
import type { Programs } from './programs.ts';
import { run } from './run.ts';
import { copyTemplate, isThere, makeTemplate } from './template.ts';

export const DATABASE_USER = 'meridian';

const SOCKET_NAME = '.s.PGSQL.5432';
/** `sun_path` holds 108 bytes with its end, on macOS 104. */
const MAX_SOCKET_PATH_BYTES = 103;

interface MakingOptions {
  readonly programs: Programs;
  readonly account: ServerAccount;
}

export interface ClusterOptions extends MakingOptions {
  readonly dataDirectory: string;
  /** Called where there is no cluster yet, before one is made: that takes a second. */
  readonly onFirstStart?: () => void;
}

/** Makes the cluster where there is none, durably. @returns its folder. */
export async function prepareCluster(options: ClusterOptions): Promise<string> {
  const cluster = join(options.dataDirectory, 'postgres');
  if (!(await isThere(cluster))) await createCluster(options, cluster);
  await giveTo(options.account, cluster);
  return cluster;
}

async function createCluster(options: ClusterOptions, cluster: string): Promise<void> {
  options.onFirstStart?.();
  const draft = `${cluster}.new`;
  await openDraft(draft);
  const { template } = options.programs;
  if (!template || !(await copyTemplate(template, draft))) {
    await openDraft(draft);
    await giveTo(options.account, draft);
    await runInitdb(options, draft);
  }
  await syncFiles(options, draft);
  await giveTo(options.account, draft);
  await rename(draft, cluster);
  await syncDirectory(options.dataDirectory);
}

/** What is left of one that was cut off is of no worth. */
async function openDraft(draft: string): Promise<void> {
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
}

/** Makes in advance what first starts copy, where the programs have a place for it. */
export async function prepareTemplate(options: MakingOptions): Promise<void> {
  const { template } = options.programs;
  if (template === undefined) return;
  await makeTemplate(template, async (draft) => {
    await giveTo(options.account, draft);
    await runInitdb(options, draft);
  });
}

/** The password-free `trust` is for the socket alone, whose folder nobody else may enter. */
async function runInitdb(options: MakingOptions, draft: string): Promise<void> {
  const settings = ['--username', DATABASE_USER, '--encoding', 'UTF8', '--no-locale'];
  const ways = ['--auth', 'trust', '--no-sync'];
  try {
    await run([...initdbOf(options, draft), ...settings, ...ways]);
  } catch (error) {
    const { stderr, message } = error as Error & { readonly stderr?: string };
    throw new Error(`PostgreSQL's files could not be made in ${draft}: ${stderr || message}`, {
      cause: error,
    });
  }
}

/** One call for the whole file system takes a tenth of the time of a thousand fsyncs. */
async function syncFiles(options: MakingOptions, draft: string): Promise<void> {
  const oneByOne = () => run([...initdbOf(options, draft), '--sync-only']);
  await run(['sync', '--file-system', draft]).catch(oneByOne);
}

/** Where nobody names a zone, initdb compares this machine's with every zone that there is. */
function initdbOf({ account, programs }: MakingOptions, draft: string): readonly string[] {
  return ['env', 'TZ=UTC', ...account.prefix, programs.initdb, '--pgdata', draft];
}

/**
 * Makes the folder of the socket, for us alone. What is there is of a server that is gone, or of
 * someone who was here before us: nothing of it is used. @returns it.
 */
export async function prepareSocketDirectory(options: ClusterOptions): Promise<string> {
  const directory = chooseSocketDirectory(options.dataDirectory);
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { mode: 0o700 });
  await giveTo(options.account, directory);
  return directory;
}

/** Inside the data directory, or, where that is too deep, a place named after it. */
export function chooseSocketDirectory(dataDirectory: string): string {
  const inside = join(dataDirectory, 'socket');
  if (Buffer.byteLength(join(inside, SOCKET_NAME)) <= MAX_SOCKET_PATH_BYTES) return inside;
  const name = createHash('sha256').update(dataDirectory).digest('hex').slice(0, 16);
  return join(tmpdir(), `meridian-${name}`);
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
