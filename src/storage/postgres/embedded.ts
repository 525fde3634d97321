/**
 * Embedded PostgreSQL: a real server of our own, reached by a socket that only we may open. It
 * lives as long as we do, comes back when it dies, and recovers by itself after a power cut.
 *
 * The caller holds the lock of the data directory: what else runs on these files was left behind.
 */
import { mkdir, readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../log.ts';
import { chooseAccount } from './embedded/account.ts';
import {
  chooseSocketDirectory,
  DATABASE_USER,
  prepareCluster,
  prepareSocketDirectory,
  prepareTemplate,
} from './embedded/cluster.ts';
import { stopOrphan } from './embedded/orphan.ts';
import { findPrograms } from './embedded/programs.ts';
import { EmbeddedServer } from './embedded/server.ts';

export interface EmbeddedOptions {
  readonly dataDirectory: string;
  readonly log: Log;
  /** Directories to look for PostgreSQL in where its npm package is missing, as in `PATH`. */
  readonly searchPath?: string;
  /** Called where there is no cluster yet, before one is made: that takes a second. */
  readonly onFirstStart?: () => void;
  /** Server settings beside ours. */
  readonly settings?: Readonly<Record<string, string>>;
}

/**
 * A small server: the whole product has 300 MB. The rows are few and narrow, and what is hot is
 * remembered in the process, so little of it needs to lie in shared memory.
 */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '100',
  shared_buffers: '32MB',
  max_parallel_workers: '0',
  max_parallel_workers_per_gather: '0',
  max_worker_processes: '2',
  jit: 'off',
  max_wal_senders: '0',
  wal_level: 'minimal',
  max_wal_size: '256MB',
  logging_collector: 'off',
  log_destination: 'stderr',
  log_line_prefix: '',
  lc_messages: 'C',
  log_checkpoints: 'off',
};

/** Reads and writes are few, so they need no processes of their own. The setting is new in 18. */
const SETTINGS_SINCE_18 = { io_method: 'sync' };

/**
 * Makes in advance what takes most of a first start, for all that come.
 * @throws Error in one sentence where it cannot be made: first starts do without.
 */
export async function prepareFirstStarts(searchPath: string): Promise<void> {
  const [programs, account] = await Promise.all([findPrograms(searchPath), chooseAccount()]);
  await prepareTemplate({ programs, account });
}

export class EmbeddedPostgres {
  /** Where to connect to. */
  readonly url: string;
  readonly #server: EmbeddedServer;

  private constructor(url: string, server: EmbeddedServer) {
    this.url = url;
    this.#server = server;
  }

  /**
   * Makes the files where there are none, starts the server and waits until it answers.
   * @throws Error that says in one sentence why it cannot run.
   */
  static async open(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
    await mkdir(options.dataDirectory, { recursive: true });
    const dataDirectory = await realpath(options.dataDirectory);
    const [programs, account] = await Promise.all([
      findPrograms(options.searchPath ?? ''),
      chooseAccount(),
    ]);
    const cluster = await prepareCluster({ ...options, dataDirectory, programs, account });
    await stopOrphan(cluster);
    const socketDirectory = await prepareSocketDirectory({ dataDirectory, programs, account });
    const settings = {
      ...SETTINGS,
      ...((await readVersion(cluster)) >= 18 && SETTINGS_SINCE_18),
      unix_socket_directories: socketDirectory,
      ...options.settings,
    };
    const words = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const command = [...account.prefix, programs.postgres, '-D', cluster, ...words];
    const server = await EmbeddedServer.open({ command, log: options.log });
    return new EmbeddedPostgres(urlAt(socketDirectory), server);
  }

  /** Where to connect to the server that another process runs, while it does. */
  static async locate(dataDirectory: string): Promise<string> {
    return urlAt(chooseSocketDirectory(await realpath(dataDirectory)));
  }

  /** Stops the server in order; returns when it is gone. Idempotent. */
  async close(): Promise<void> {
    await this.#server.close();
  }
}

function urlAt(socketDirectory: string): string {
  const way = `host=${encodeURIComponent(socketDirectory)}&user=${DATABASE_USER}`;
  return `postgresql:///postgres?${way}`;
}

/** The major version that made the files. */
async function readVersion(cluster: string): Promise<number> {
  return Number.parseInt(await readFile(join(cluster, 'PG_VERSION'), 'utf8'), 10);
}
