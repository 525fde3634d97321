/**
 * Pushes images, moves and deletes tags, deletes manifests and repositories while all around it
 * breaks, and remembers what each tag may point to: what was acknowledged, or else what was tried.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { basic, Client, type Credentials } from '../../conformance/client.ts';
import { exchange } from '../../conformance/exchange.ts';
import { type Content, Fixtures, imageOf, indexOf } from '../../conformance/fixtures.ts';
import { expectStatus, Repository } from '../../conformance/repository.ts';

export interface PusherOptions {
  readonly name: string;
  /** The site that it speaks to. */
  readonly url: URL;
  readonly credentials: Credentials;
  readonly random: () => number;
}

/** `undefined` for a tag that is not there. */
type Allowed = Set<string | undefined>;

const LAYER_BYTES = [3000, 120_000, 1_500_000];
const PAUSE_AFTER_FAILURE_MS = 100;

export class RestlessPusher {
  readonly repository: string;
  /** Of its repository: what each tag may point to. */
  readonly tags = new Map<string, Allowed>();
  acknowledged = 0;
  readonly #options: PusherOptions;
  readonly #client: Client;
  readonly #fixtures: Fixtures;
  readonly #images: Content[] = [];
  #count = 0;
  #failures = 0;

  constructor(options: PusherOptions) {
    this.repository = `fire/${options.name}`;
    this.#options = options;
    this.#client = new Client(options.url, options.credentials);
    this.#fixtures = new Fixtures(options.name);
  }

  /** Until the signal aborts; whatever fails, it goes on with something else. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#doSomething();
        this.acknowledged += 1;
      } catch {
        this.#failures += 1;
        await wait(PAUSE_AFTER_FAILURE_MS);
      }
    }
  }

  async #doSomething(): Promise<void> {
    const dice = this.#options.random();
    const old = this.#images[Math.floor(this.#options.random() * this.#images.length)];
    if (dice < 0.05) await this.#deleteRepository();
    else if (!old || dice < 0.6) await this.#pushImage();
    else if (dice < 0.75) await this.#put(old, `moving-${this.#failures}`);
    else if (dice < 0.85) await this.#deleteTag();
    else if (dice < 0.92) await this.#pushIndex(old);
    else await this.#deleteManifest(old);
  }

  async #pushImage(): Promise<void> {
    const image = await this.#pushParts(this.#open(this.repository));
    await this.#put(image, `v${this.#count++}`);
    this.#images.push(image);
  }

  async #pushParts(repository: Repository): Promise<Content> {
    const config = await repository.pushBlob(this.#fixtures.config());
    const size = LAYER_BYTES[Math.floor(this.#options.random() ** 3 * LAYER_BYTES.length)]!;
    const layer = await repository.pushBlob(this.#fixtures.blob(size));
    return imageOf(config, [layer]);
  }

  async #pushIndex(child: Content): Promise<void> {
    const index = indexOf([child], { annotations: { n: `${this.#count++}` } });
    await this.#put(index, `index-${this.#failures}`);
  }

  async #put(manifest: Content, tag: string): Promise<void> {
    await this.#change([tag], manifest.digest, async () => {
      await this.#open(this.repository).pushManifest(manifest, tag);
    });
  }

  async #deleteTag(): Promise<void> {
    const settled = [...this.tags].filter(([, allowed]) => isCertain(allowed)).map(([tag]) => tag);
    const tag = settled[Math.floor(this.#options.random() * settled.length)];
    if (tag !== undefined) await this.#change([tag], undefined, () => this.#delete(tag));
  }

  /** Whatever may point to it, points to nothing then. */
  async #deleteManifest({ digest }: Content): Promise<void> {
    this.#images.splice(
      this.#images.findIndex((image) => image.digest === digest),
      1,
    );
    const tags = [...this.tags].filter(([, allowed]) => allowed.has(digest)).map(([tag]) => tag);
    await this.#change(tags, undefined, () => this.#delete(digest));
  }

  async #delete(reference: string): Promise<void> {
    const answer = await this.#open(this.repository).send('DELETE', `manifests/${reference}`);
    expectStatus(answer, 202, 404);
  }

  /** One beside its own, which it fills first. */
  async #deleteRepository(): Promise<void> {
    const name = `${this.repository}-scrap`;
    const repository = this.#open(name);
    await repository.pushManifest(await this.#pushParts(repository), 'scrap');
    const { url, credentials } = this.#options;
    const answer = await exchange({
      method: 'DELETE',
      url: new URL(`/api/v1/repositories/${name}`, url),
      headers: { Authorization: basic(credentials) },
    });
    expectStatus(answer, 204);
  }

  #open(name: string): Repository {
    return new Repository(this.#client, name, this.#fixtures);
  }

  /**
   * Notes what may be from now on, and what is once it was acknowledged. What was not may still
   * come to be later, so a tag that is uncertain once remains so, and others are used then.
   */
  async #change(
    tags: readonly string[],
    target: string | undefined,
    work: () => Promise<void>,
  ): Promise<void> {
    const allowed = tags.map((tag) => this.#allowedOf(tag));
    const wereCertain = allowed.map(isCertain);
    for (const each of allowed) each.add(target);
    await work();
    for (const [index, each] of allowed.entries()) {
      if (!wereCertain[index]) continue;
      each.clear();
      each.add(target);
    }
  }

  #allowedOf(tag: string): Allowed {
    const allowed = this.tags.get(tag) ?? new Set([undefined]);
    this.tags.set(tag, allowed);
    return allowed;
  }
}

function isCertain(allowed: Allowed): boolean {
  return allowed.size === 1;
}
