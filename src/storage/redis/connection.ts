/** The one connection of a process to Redis, and how Redis says that it is away. */
import { Redis } from 'ioredis';
import { StorageUnavailable } from '../failure.ts';

/** A command that gets no answer for this long has failed; the connection itself is tried again. */
const COMMAND_TIMEOUT_MS = 2000;

/** A line that stays silent for this long while it owes an answer is dropped and made anew. */
const SILENCE_MS = 1000;

/** Longest pause between two tries to connect. */
const MAX_PAUSE_MS = 2000;

/**
 * Connects to Redis and waits until it answers.
 *
 * @throws StorageUnavailable where it does not.
 */
export async function openRedis(url: URL): Promise<Redis> {
  const redis = new Redis(url.href, {
    lazyConnect: true,
    commandTimeout: COMMAND_TIMEOUT_MS,
    socketTimeout: SILENCE_MS,
    // A command that was sent before the line broke is not sent twice: it may have been carried
    // out.
    autoResendUnfulfilledCommands: false,
    // While it is away, commands fail at once: whoever asks has another way, or comes again.
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    retryStrategy: (tries) => Math.min(50 * 2 ** tries, MAX_PAUSE_MS),
  });
  // Each command's own promise tells of a failure; an unheard 'error' event would end the process.
  redis.on('error', () => {});
  try {
    await asking(redis.connect());
    return redis;
  } catch (error) {
    // Else it tries again for ever, and keeps a process alive that could not start.
    redis.disconnect();
    throw error;
  }
}

/** Any answer of Redis, with its failures as the ports name them. */
export async function asking<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw new StorageUnavailable('Redis does not answer', { cause: error });
  }
}
