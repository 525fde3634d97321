/** The set-ups of our program that every client is tried against. */
import type { Context } from 'mocha';
import { openTestDatabase } from '../support/database.ts';
import { ADMIN, type Started, startProgram } from '../support/programs/program.ts';
import { requireRedis } from '../support/redis.ts';
import { requireBucket } from '../support/swift-bucket.ts';
import type { Registry } from './client.ts';

export interface Target {
  readonly name: string;
  /** Skips the suite where something that it needs is not on this machine. */
  start(test: Context): Promise<Running>;
}

export interface Running {
  readonly registry: Registry;
  readonly url: URL;
  stop(): Promise<void>;
}

export const EMBEDDED: Target = {
  name: 'the embedded default',
  start: async () => running(await startProgram()),
};

export const TWO_PROCESSES: Target = {
  name: 'two processes',
  start: async () => running(await startProgram({ env: { MERIDIAN_PROCESSES: '2' } })),
};

export const POSTGRES_AND_REDIS: Target = {
  name: 'two processes on Postgres and Redis',
  async start(test) {
    const redis = await requireRedis(test);
    const database = await openTestDatabase();
    const env = { DATABASE_URL: database.url, REDIS_URL: redis.href, MERIDIAN_PROCESSES: '2' };
    const started = await startProgram({ env });
    return running(started, () => database.drop());
  },
};

export const S3: Target = {
  name: 'an S3 server that checks signatures',
  async start(test) {
    const { url, server } = await requireBucket(test);
    const env = {
      MERIDIAN_STORAGE: url.href,
      AWS_ACCESS_KEY_ID: server.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    };
    return running(await startProgram({ env }));
  },
};

export const TARGETS = [EMBEDDED, TWO_PROCESSES, POSTGRES_AND_REDIS, S3];

function running(started: Started, clean: () => Promise<void> = async () => {}): Running {
  const { url } = started;
  return {
    registry: { host: url.host, ...ADMIN },
    url,
    async stop() {
      const { exitCode, signalCode } = started.process;
      const endedBy = signalCode ?? exitCode;
      await started.stop();
      await clean();
      if (endedBy === null) return;
      throw new Error(`meridian ended by itself (${endedBy}):\n${started.output()}`);
    },
  };
}
