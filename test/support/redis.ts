/**
 * A real Redis for tests: `REDIS_URL`, or a server found on this machine, or Debian's package where
 * the tests run as root. Where none of that is possible the test is skipped.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';

const SERVERS = ['redis-server', 'valkey-server'];

let started: Promise<URL | undefined> | undefined;

/** The URL of a Redis that belongs to this run; skips the test where there is none. */
export async function requireRedis(test: Mocha.Context): Promise<URL> {
  test.timeout(120_000);
  const url = await (started ??= findRedis());
  if (!url) test.skip();
  return url;
}

/** One that is given or can be started here; it ends with this process. */
export async function findRedis(): Promise<URL | undefined> {
  const given = process.env['REDIS_URL'];
  if (given) return takeDatabase(new URL('/15', given));
  const server = findServer() ?? installServer();
  return server === undefined ? undefined : startRedis(server);
}

/**
 * The tests empty the database that they use: so it is the last one, and it must be empty before.
 */
async function takeDatabase(url: URL): Promise<URL> {
  const redis = new Redis(url.href);
  const size = await redis.dbsize().finally(() => redis.disconnect());
  if (size > 0) throw new Error(`database 15 of REDIS_URL holds ${size} keys; tests need it empty`);
  return url;
}

function findServer(): string | undefined {
  return SERVERS.find((server) => {
    try {
      execFileSync(server, ['--version'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
}

function installServer(): string | undefined {
  if (process.getuid?.() !== 0) return undefined;
  try {
    execFileSync('apt-get', ['install', '-y', '--no-install-recommends', 'redis-server'], {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
    return findServer();
  } catch {
    return undefined;
  }
}

async function startRedis(server: string): Promise<URL> {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-redis-'));
  const port = await findFreePort();
  const child = spawn(server, ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder], {
    stdio: 'ignore',
  });
  // The server ends with the tests, however these end; it must not keep them alive meanwhile.
  child.unref();
  process.on('exit', () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const url = new URL(`redis://127.0.0.1:${port}/0`);
  const redis = new Redis(url.href, { maxRetriesPerRequest: null });
  redis.on('error', () => {});
  await redis.ping();
  redis.disconnect();
  return url;
}

function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
