/**
 * A primary and a secondary as operators run them, every part a process that can be killed:
 *
 *     tokyo    meridian serve with the PostgreSQL that it embeds, Redis
 *     lisbon   meridian serve, meridian worker, PostgreSQL of its own, Redis
 */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { NODE_FLAGS } from '../../../src/processes.ts';
import { EmbeddedPostgres } from '../../../src/storage/postgres/embedded.ts';
import { PROGRAM } from '../../support/programs/path.ts';
import { findPort } from '../../support/programs/program.ts';
import { invite } from '../../two-sites/client.ts';
import { ADMIN } from '../../two-sites/site.ts';
import { KeptProcess } from './kept-process.ts';

export interface Place {
  readonly name: string;
  readonly url: URL;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Where PostgreSQL keeps its files. */
  readonly cluster: string;
  /** Where the blobs are. */
  readonly content: string;
  readonly serve: KeptProcess;
  readonly redis: KeptProcess;
}

export interface Sites {
  readonly tokyo: Place;
  readonly lisbon: Place & { readonly worker: KeptProcess };
  /** What each program said last. */
  tell(): string;
  stop(): Promise<void>;
}

const READY_MS = 90_000;

export async function startSites(): Promise<Sites> {
  const root = await mkdtemp(join(tmpdir(), 'meridian-fire-'));
  const tokyo = await startPrimary(root);
  await untilReady(tokyo.url, tokyo.serve);
  const joinToken = await invite({ url: tokyo.url.origin }, 'lisbon');
  const { postgres, ...lisbon } = await startSecondary(root, tokyo.url, joinToken);
  const programs = [lisbon.worker, lisbon.serve, lisbon.redis, tokyo.serve, tokyo.redis];
  return {
    tokyo,
    lisbon,
    tell: () => programs.map(({ name, said }) => `--- ${name}\n${said}`).join('\n'),
    stop: async () => {
      for (const program of programs) await program.stop();
      await postgres.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function startPrimary(root: string): Promise<Place> {
  const data = join(root, 'tokyo');
  const common = await describeSite('tokyo', data);
  const { redis, redisUrl, env, url } = common;
  const cluster = join(data, 'postgres');
  const databaseUrl = `postgresql:///postgres?host=${join(data, 'socket')}&user=meridian`;
  const serve = keepMeridian('tokyo serve', ['serve'], env);
  const content = join(data, 'content');
  return { name: 'tokyo', url, databaseUrl, redisUrl, cluster, content, serve, redis };
}

async function startSecondary(root: string, primary: URL, joinToken: string) {
  const data = join(root, 'lisbon');
  const { redis, redisUrl, env: own, url } = await describeSite('lisbon', data);
  const dataDirectory = join(root, 'lisbon-db');
  const postgres = await EmbeddedPostgres.open({ dataDirectory, log: pino({ level: 'silent' }) });
  const env = {
    ...own,
    DATABASE_URL: postgres.url,
    MERIDIAN_REPLICATION: 'separate',
    MERIDIAN_PRIMARY_URL: primary.origin,
    MERIDIAN_JOIN_TOKEN: joinToken,
  };
  const serve = keepMeridian('lisbon serve', ['serve'], env);
  await untilReady(url, serve);
  const worker = keepMeridian('lisbon worker', ['worker'], env);
  const [cluster, content] = [join(dataDirectory, 'postgres'), join(data, 'content')];
  const databaseUrl = postgres.url;
  const place = { name: 'lisbon', url, databaseUrl, redisUrl, cluster, content, serve, redis };
  return { ...place, worker, postgres };
}

async function describeSite(name: string, data: string) {
  await mkdir(data, { recursive: true });
  const [port, redisPort] = [await findPort(), await findPort()];
  const url = new URL(`http://127.0.0.1:${port}`);
  const redisUrl = `redis://127.0.0.1:${redisPort}`;
  const words = ['--port', `${redisPort}`, '--bind', '127.0.0.1', '--save', '', '--dir', data];
  const redis = new KeptProcess({ name: `${name} redis`, command: ['redis-server', ...words] });
  const env = {
    MERIDIAN_SITE: name,
    MERIDIAN_DATA: data,
    MERIDIAN_LISTEN: `127.0.0.1:${port}`,
    MERIDIAN_PUBLIC_URL: url.origin,
    MERIDIAN_ADMIN_PASSWORD: ADMIN.password,
    MERIDIAN_ACCESS_LOG: 'off',
    REDIS_URL: redisUrl,
  };
  return { url, redis, redisUrl, env };
}

function keepMeridian(
  name: string,
  words: readonly string[],
  env: Readonly<Record<string, string>>,
): KeptProcess {
  return new KeptProcess({
    name,
    command: [process.execPath, ...NODE_FLAGS, PROGRAM, ...words],
    env,
  });
}

/** @throws Error with what it said last where it does not answer in time. */
async function untilReady(url: URL, program: KeptProcess): Promise<void> {
  for (const end = performance.now() + READY_MS; performance.now() < end; await sleep(50)) {
    const answer = await fetch(new URL('/readyz', url)).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) return;
  }
  throw new Error(`${program.name} is not ready: ${program.said}`);
}

/** The id of the PostgreSQL that runs on these files; `undefined` while none does. */
export async function findPostmaster({ cluster }: Place): Promise<number | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return pid > 1 ? pid : undefined;
}
