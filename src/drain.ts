/** The orderly end of a server: what runs may finish, nothing new begins, a deadline ends it. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Clock } from './clock.ts';

/** A connection that fell idle is closed within this time. */
const SWEEP_MS = 50;

const REFUSAL = JSON.stringify({
  errors: [{ code: 'TOOMANYREQUESTS', message: 'this site is stopping, try again' }],
});

/**
 * Closes the server: requests under way are answered in full, later ones on open connections get 503.
 *
 * @param options `deadlineMs` after which connections are cut
 * @returns whether everything finished before the deadline
 */
export async function drain(
  server: Server,
  { deadlineMs, clock }: { readonly deadlineMs: number; readonly clock: Clock },
): Promise<boolean> {
  server.removeAllListeners('request');
  server.on('request', refuse);
  const over = new AbortController();
  const closed = new Promise<true>((resolve) => void server.close(() => resolve(true)));
  // `close` alone waits for connections that are kept alive and have nothing to say.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const late = clock.sleep(deadlineMs, over.signal).then(
    () => false,
    () => true,
  );
  const isComplete = await Promise.race([closed, late]);
  over.abort();
  clearInterval(sweep);
  if (!isComplete) server.closeAllConnections();
  await closed;
  return isComplete;
}

function refuse(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  response
    .writeHead(503, {
      'Content-Type': 'application/json',
      'Retry-After': '1',
      Connection: 'close',
    })
    .end(REFUSAL);
}
