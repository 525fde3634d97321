/** Takes content apart into its chunks, at the pace of whoever takes them. */
import { finished, Readable } from 'node:stream';

/**
 * Lets content break before anybody listens, while a file is still being opened: a stream whose
 * error nobody hears would end the process. `consume` reports it nevertheless.
 */
export function expectBreak(content: AsyncIterable<Uint8Array>): void {
  if (content instanceof Readable) content.on('error', () => undefined);
}

/** Takes one chunk; gives a promise where the next one must wait for it. */
export type Take = (chunk: Uint8Array) => Promise<void> | undefined;

/**
 * Shows every chunk to `take`.
 *
 * @returns what broke the content off, or `undefined` where it came to its end. Rejects only with
 * what `take` failed with; the content then stays open and paused, so that an answer can still be
 * sent.
 */
export async function consume(
  content: AsyncIterable<Uint8Array>,
  take: Take,
): Promise<Error | undefined> {
  return content instanceof Readable ? flow(content, take) : iterate(content, take);
}

/** Events instead of iteration: `read()` would copy all that is buffered into one chunk. */
function flow(content: Readable, take: Take): Promise<Error | undefined> {
  return new Promise((resolve, reject) => {
    const onData = (chunk: Uint8Array): void => {
      const pending = take(chunk);
      if (!pending) return;
      content.pause();
      pending.then(() => content.resume(), fail);
    };
    const unwatch = finished(content, { writable: false }, (error) => {
      unwatch();
      content.off('data', onData);
      resolve(error ?? undefined);
    });
    const fail = (reason: Error): void => {
      unwatch();
      content.off('data', onData);
      reject(reason);
    };
    content.on('data', onData).resume();
  });
}

async function iterate(content: AsyncIterable<Uint8Array>, take: Take): Promise<Error | undefined> {
  const chunks = content[Symbol.asyncIterator]();
  for (;;) {
    let next: IteratorResult<Uint8Array>;
    try {
      next = await chunks.next();
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
    if (next.done) return undefined;
    await take(next.value);
  }
}
