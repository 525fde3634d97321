/**
 * A long line in userland: a TCP proxy that gives each connection the pace of a Reno stream with
 * losses, without any rights on the network of the machine.
 *
 * The model: a connection sends one window of segments a round trip. It begins with ten, doubles
 * until its first loss, and grows by one segment a round trip from there on. Each segment is lost
 * with the given chance; a round with a loss halves the window, and its bytes arrive all the same,
 * as they do where losses are mended within the round. A window that was not used up does not grow.
 * The width of the line itself is no limit, and what the client sends is only delayed.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LongLine {
  readonly url: URL;
  close(): void;
}

export interface LineModel {
  readonly roundTripMs: number;
  /** Chance of each segment to be lost. */
  readonly loss: number;
}

const SEGMENT_BYTES = 1460;
const FIRST_WINDOW = 10;

export async function openLongLine(target: URL, model: LineModel): Promise<LongLine> {
  const chance = createChance();
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const far = connect(Number(target.port), target.hostname);
    for (const socket of [client, far]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
    }
    client.on('close', () => far.destroy());
    delay(client, far, model.roundTripMs / 2);
    void pace(far, client, { ...model, chance });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Opening a connection costs a round trip of its own. */
function delay(client: Socket, far: Socket, milliseconds: number): void {
  const openAt = Date.now() + 2 * milliseconds;
  client.on('data', (chunk: Buffer) => {
    const wait = Math.max(0, openAt - Date.now()) + milliseconds;
    setTimeout(() => far.writable && far.write(chunk), wait);
  });
}

async function pace(
  far: Socket,
  client: Socket,
  { roundTripMs, loss, chance }: LineModel & { readonly chance: () => number },
): Promise<void> {
  let [window, threshold] = [FIRST_WINDOW, Number.POSITIVE_INFINITY];
  far.pause();
  while (!far.destroyed && !client.destroyed) {
    const bytes = await take(far, window * SEGMENT_BYTES);
    if (!bytes) break;
    setTimeout(() => client.writable && client.write(bytes), roundTripMs / 2);
    const segments = Math.ceil(bytes.length / SEGMENT_BYTES);
    const isLost = Array.from({ length: segments }).some(() => chance() < loss);
    if (isLost) window = threshold = Math.max(2, Math.floor(window / 2));
    else if (segments >= window) window = window < threshold ? window * 2 : window + 1;
    await sleep(roundTripMs);
  }
  setTimeout(() => client.end(), roundTripMs);
}

/** So many bytes, or as many as there are; waits where there is none. */
async function take(far: Socket, most: number): Promise<Buffer | undefined> {
  const taken: Buffer[] = [];
  for (let left = most; left > 0; ) {
    const bytes = far.read(Math.min(left, far.readableLength)) as Buffer | null;
    if (bytes && bytes.length > 0) {
      taken.push(bytes);
      left -= bytes.length;
    } else if (taken.length > 0) break;
    else if (far.readableEnded || far.destroyed) return undefined;
    else await new Promise((resolve) => wakeOnce(far, resolve));
  }
  return Buffer.concat(taken);
}

function wakeOnce(far: Socket, wake: (value?: unknown) => void): void {
  const events = ['readable', 'end', 'close'];
  const once = () => {
    for (const event of events) far.off(event, once);
    wake();
  };
  for (const event of events) far.on(event, once);
}

/** The same losses in each run: a small generator with a fixed seed. */
function createChance(): () => number {
  let state = 20_240_229;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
