/**
 * `Remotes` whose maker is loaded with the first question, or sooner: a site is ready without its
 * HTTP client, which takes as long to load as its database to start.
 */
import type { VirtualUpstream } from '../oci/virtual-registry.ts';
import type { RateLimit, Remote, Remotes } from '../storage/virtual/remotes.ts';

export class LazyRemotes implements Remotes {
  readonly #open: () => Promise<Remotes>;
  #opening: Promise<Remotes> | undefined;
  #opened: Remotes | undefined;

  constructor(open: () => Promise<Remotes>) {
    this.#open = open;
  }

  /** Once; the next question tries anew where it failed. */
  async load(): Promise<Remotes> {
    this.#opening ??= this.#open();
    try {
      this.#opened = await this.#opening;
      return this.#opened;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  async findFault(url: string): Promise<string | undefined> {
    return (await this.load()).findFault(url);
  }

  open(upstream: VirtualUpstream): Remote {
    return this.#opened?.open(upstream) ?? new LazyRemote(this, upstream);
  }

  async close(): Promise<void> {
    await (await this.#opening)?.close();
  }
}

class LazyRemote implements Remote {
  readonly #remotes: LazyRemotes;
  readonly #upstream: VirtualUpstream;

  constructor(remotes: LazyRemotes, upstream: VirtualUpstream) {
    this.#remotes = remotes;
    this.#upstream = upstream;
  }

  async #load(): Promise<Remote> {
    return (await this.#remotes.load()).open(this.#upstream);
  }

  async headManifest(...asked: Parameters<Remote['headManifest']>) {
    return (await this.#load()).headManifest(...asked);
  }

  async findManifest(...asked: Parameters<Remote['findManifest']>) {
    return (await this.#load()).findManifest(...asked);
  }

  async openBlob(...asked: Parameters<Remote['openBlob']>) {
    return (await this.#load()).openBlob(...asked);
  }

  async listTags(...asked: Parameters<Remote['listTags']>) {
    return (await this.#load()).listTags(...asked);
  }

  async findReferrers(...asked: Parameters<Remote['findReferrers']>) {
    return (await this.#load()).findReferrers(...asked);
  }

  async test() {
    return (await this.#load()).test();
  }

  /** Nothing was heard of one that was never asked. */
  get rateLimit(): RateLimit | undefined {
    return undefined;
  }
}
