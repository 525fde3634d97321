/** What a registry goes through in a while, written by its own ports: each fact with its row. */
import type { Digest } from '../../../src/oci/digest.ts';
import type { Accounts } from '../../../src/storage/accounts.ts';
import type { ChangeLog } from '../../../src/storage/change-log.ts';
import type { ManifestRecord, Metadata } from '../../../src/storage/metadata.ts';
import { IMAGE, patternOf, recordOf, repositoryNamed, tagNamed } from '../../support/content.ts';

interface KnownBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface LifeOptions {
  readonly metadata: Metadata;
  readonly accounts: Accounts;
  readonly changeLog: Pick<ChangeLog, 'head'>;
  /** At least so many changes. */
  readonly count: number;
  /** Blobs that the site holds, of which the images are made. */
  readonly blobs: readonly KnownBlob[];
  /** From 0 to 1. */
  readonly random: () => number;
}

/** Writers that do not wait for each other: each has repositories of its own. */
const WRITERS = 8;
const REPOSITORIES_EACH = 25;
/** So many of the images of a repository are moved to, or deleted. */
const MOST_KNOWN = 50;

/** Pushes of images, moves and deletes of tags, deletes of manifests and repositories, accounts. */
export async function liveThrough(options: LifeOptions): Promise<void> {
  const until = (await options.changeLog.head()) + options.count;
  const writers = Array.from({ length: WRITERS }, (_, number) => new Writer(options, number));
  await Promise.all(
    writers.map(async (writer) => {
      for (let step = 0; ; step += 1) {
        if (step % 50 === 0 && (await options.changeLog.head()) >= until) return;
        await writer.step(step);
      }
    }),
  );
}

class Writer {
  readonly #options: LifeOptions;
  readonly #number: number;
  readonly #images = new Map<string, ManifestRecord[]>();

  constructor(options: LifeOptions, number: number) {
    this.#options = options;
    this.#number = number;
  }

  async step(step: number): Promise<void> {
    const { metadata, random } = this.#options;
    const name = `team-${this.#number}/app-${step % REPOSITORIES_EACH}`;
    const repository = repositoryNamed(name);
    const images = this.#images.get(name) ?? [];
    this.#images.set(name, images);
    const image = images[Math.floor(random() * images.length)];
    const dice = random();
    if (!image || dice < 0.5) await this.#push(name, images, step);
    else if (dice < 0.75) await this.#record(name, image, 'latest');
    else if (dice < 0.85) await metadata.deleteTag(repository, tagNamed('latest'), 'robot');
    else if (dice < 0.95) {
      images.splice(images.indexOf(image), 1);
      await metadata.deleteManifest(repository, image.digest, 'robot');
    } else if (dice < 0.998) await this.#recordAccount(step);
    else {
      images.length = 0;
      await metadata.deleteRepository(repository, 'robot');
    }
  }

  async #push(name: string, images: ManifestRecord[], step: number): Promise<void> {
    const { metadata, blobs, random } = this.#options;
    const parts = [1, 2, 3].map(() => blobs[Math.floor(random() * blobs.length)]!);
    const repository = repositoryNamed(name);
    for (const blob of parts) await metadata.linkBlob({ ...blob, repository, actor: 'robot' });
    const [config, ...layers] = parts.map(({ digest, sizeBytes: size }) => {
      return { mediaType: 'application/octet-stream', digest, size };
    });
    const made = `${this.#number}.${step}`;
    const image = recordOf(IMAGE, { config, layers, annotations: { made } });
    await this.#record(name, image, `v${step}`);
    images.push(image);
    if (images.length > MOST_KNOWN) images.shift();
  }

  async #record(name: string, manifest: ManifestRecord, tag: string): Promise<void> {
    await this.#options.metadata.recordManifest({
      repository: repositoryNamed(name),
      manifest,
      tags: [tagNamed(tag)],
      mayOverwrite: true,
      actor: 'robot',
    });
  }

  async #recordAccount(step: number): Promise<void> {
    await this.#options.accounts.recordAccount({
      name: `robot-${this.#number}-${step % 50}`,
      kind: 'robot',
      isDisabled: step % 2 === 0,
      tokensValidAfter: new Date(step),
      grants: [{ pattern: patternOf(`team-${this.#number}/**`), actions: ['pull'] }],
    });
  }
}
