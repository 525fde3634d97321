/**
 * An S3 server whose signatures are really checked: Debian's OpenStack Swift with its s3api, all
 * four servers on this machine, in a folder that goes with the tests.
 *
 * Packages: swift-proxy, swift-account, swift-container, swift-object, memcached.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { skip } from './skips.ts';

export interface SwiftServer {
  readonly endpoint: URL;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

type Kind = 'account' | 'container' | 'object';
const KINDS: readonly Kind[] = ['account', 'container', 'object'];
const PROGRAMS = ['memcached', ...[...KINDS, 'proxy'].map((kind) => `swift-${kind}-server`)];

const ACCESS_KEY = 'test:tester';
const SECRET_KEY = 'testing';
const START_LIMIT_MS = 30_000;

let started: Promise<SwiftServer> | undefined;

/**
 * The server of this run, started by the first who asks; skips the test where Swift is not
 * installed.
 */
export async function requireSwift(test: Mocha.Context): Promise<SwiftServer> {
  test.timeout(60_000);
  if (!PROGRAMS.every(isInstalled)) skip(test, 'OpenStack Swift is not installed');
  return (started ??= startSwift());
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function startSwift(): Promise<SwiftServer> {
  const folder = mkdtempSync(join(tmpdir(), 'meridian-swift-'));
  mkdirSync(join(folder, 'devices', 'd1'), { recursive: true });
  writeFileSync(
    join(folder, 'swift.conf'),
    '[swift-hash]\nswift_hash_path_suffix = tests\nswift_hash_path_prefix = tests\n',
  );
  const children: ReturnType<typeof spawn>[] = [];
  process.on('exit', () => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  for (const kind of KINDS) {
    const port = await findFreePort();
    makeRing(folder, kind, port);
    children.push(run(folder, kind, storageConfig(folder, kind, port)));
    await untilHealthy(new URL(`http://127.0.0.1:${port}/healthcheck`));
  }
  const cachePort = await findFreePort();
  children.push(runCache(cachePort));
  const port = await findFreePort();
  children.push(run(folder, 'proxy', proxyConfig(folder, { port, cachePort })));
  const endpoint = new URL(`http://127.0.0.1:${port}`);
  await untilHealthy(new URL('/healthcheck', endpoint));
  return {
    endpoint,
    region: 'us-east-1',
    accessKeyId: ACCESS_KEY,
    secretAccessKey: SECRET_KEY,
  };
}

/** One replica on one device: the least that Swift calls a ring. */
function makeRing(folder: string, kind: Kind, port: number): void {
  const builder = join(folder, `${kind}.builder`);
  const build = (...words: string[]): void => {
    execFileSync('swift-ring-builder', [builder, ...words], { stdio: 'ignore' });
  };
  build('create', '4', '1', '1');
  build('add', `r1z1-127.0.0.1:${port}/d1`, '1');
  build('rebalance');
}

function defaults(folder: string, port: number): string {
  return `[DEFAULT]
bind_ip = 127.0.0.1
bind_port = ${port}
workers = 0
user = ${userInfo().username}
swift_dir = ${folder}
log_address = ${join(folder, 'log')}
`;
}

function storageConfig(folder: string, kind: Kind, port: number): string {
  return `${defaults(folder, port)}devices = ${join(folder, 'devices')}
mount_check = false
fallocate_reserve = 0
[pipeline:main]
pipeline = healthcheck ${kind}-server
[filter:healthcheck]
use = egg:swift#healthcheck
[app:${kind}-server]
use = egg:swift#${kind}
`;
}

/**
 * Without a cache each request asks again who the account and the container are. A server that
 * answers late on a busy machine is not left out for a minute: there is no other.
 */
function proxyConfig(folder: string, { port, cachePort }: Record<'port' | 'cachePort', number>) {
  return `${defaults(folder, port)}[pipeline:main]
pipeline = catch_errors healthcheck cache bulk s3api tempauth copy slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
conn_timeout = 10
node_timeout = 60
error_suppression_limit = 1000
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:${cachePort}
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
[filter:tempauth]
use = egg:swift#tempauth
user_${ACCESS_KEY.replace(':', '_')} = ${SECRET_KEY} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
`;
}

function run(folder: string, kind: Kind | 'proxy', config: string): ReturnType<typeof spawn> {
  const file = join(folder, `${kind}.conf`);
  writeFileSync(file, config);
  return runProgram(`swift-${kind}-server`, [file]);
}

function runCache(port: number): ReturnType<typeof spawn> {
  return runProgram('memcached', ['-l', '127.0.0.1', '-p', `${port}`, '-u', userInfo().username]);
}

function runProgram(program: string, words: readonly string[]): ReturnType<typeof spawn> {
  const child = spawn(program, words, { stdio: 'ignore' });
  // The servers end with the tests; they must not keep them alive meanwhile.
  child.unref();
  return child;
}

async function untilHealthy(url: URL): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadline) {
    const isHealthy = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (isHealthy) return;
    await sleep(100);
  }
  throw new Error(`Swift did not start within ${START_LIMIT_MS} ms`);
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
