/**
 * Hears the notifications of one channel, on a connection of its own that comes back when it
 * breaks. What was told while it was broken is made good by one call after each reconnect.
 */
import { Client } from 'pg';

const CONNECT_TIMEOUT_MS = 2500;
const RETRY_MS = 500;

export class Listener {
  readonly #url: string;
  readonly #channel: string;
  readonly #listeners = new Set<() => void>();
  #client: Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isTold = false;

  constructor({ url, channel }: { readonly url: string; readonly channel: string }) {
    this.#url = url;
    this.#channel = channel;
  }

  /** Calls it soon after each notification, once for several; gives the way to stop it. */
  add(listener: () => void): () => void {
    this.#listeners.add(listener);
    if (!this.#client && !this.#retry) this.#connect();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) void this.close();
    };
  }

  async close(): Promise<void> {
    this.#listeners.clear();
    clearTimeout(this.#retry);
    this.#retry = undefined;
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  #connect(): void {
    this.#retry = undefined;
    const client = new Client({
      connectionString: this.#url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    });
    this.#client = client;
    client.on('notification', () => this.#tell());
    // Each time: a connection that breaks may say so twice, and an error that nobody hears ends
    // the process.
    client.on('error', () => this.#reconnect(client));
    client.on('end', () => this.#reconnect(client));
    client.connect().then(
      () => this.#listen(client),
      () => this.#reconnect(client),
    );
  }

  #listen(client: Client): void {
    client.query(`LISTEN ${this.#channel}`).then(
      () => this.#tell(),
      () => this.#reconnect(client),
    );
  }

  /** Only for the connection that is ours now: a break may be told more than once. */
  #reconnect(broken: Client): void {
    if (this.#client !== broken) return;
    this.#client = undefined;
    broken.end().catch(() => {});
    if (this.#listeners.size > 0) this.#retry = setTimeout(() => this.#connect(), RETRY_MS);
  }

  #tell(): void {
    if (this.#isTold) return;
    this.#isTold = true;
    setImmediate(() => {
      this.#isTold = false;
      for (const listener of this.#listeners) listener();
    });
  }
}
