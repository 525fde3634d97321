/**
 * The rules of a registry over ports that pause before each call, so that whoever schedules decides
 * what happens between any two calls: pushes, deletes and collections, some of which are killed.
 */
import type { Clock } from '../../../src/clock.ts';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { RegistryError } from '../../../src/oci/error.ts';
import type { RepositoryName } from '../../../src/oci/reference.ts';
import { systemRandomness as randomness } from '../../../src/randomness.ts';
import { BlobLinks } from '../../../src/registry/blob-links.ts';
import { Blobs } from '../../../src/registry/blobs.ts';
import { GarbageCollection } from '../../../src/registry/garbage/garbage.ts';
import { UploadLeases } from '../../../src/registry/upload-leases.ts';
import { Uploads } from '../../../src/registry/uploads.ts';
import type { BlobStore } from '../../../src/storage/blob-store.ts';
import { StorageUnavailable } from '../../../src/storage/failure.ts';
import type { GarbageReviews } from '../../../src/storage/garbage.ts';
import type { GarbageBin } from '../../../src/storage/garbage-bin.ts';
import { MemoryUploadTracker } from '../../../src/storage/memory/upload-tracker.ts';
import type { ManifestRecord, Metadata } from '../../../src/storage/metadata.ts';
import type { TreeChanges } from '../../../src/storage/tree/tree-changes.ts';
import { IMAGE, indexOf, recordOf, repositoryNamed, tagNamed } from '../../support/content.ts';

export interface WorldPorts {
  readonly metadata: Metadata;
  readonly treeChanges: TreeChanges;
  readonly blobStore: BlobStore;
  readonly garbageReviews: GarbageReviews;
  readonly garbageBin: GarbageBin;
}

/** Resolves when the caller may go on. */
export type Pause = () => Promise<void>;

export type Deed =
  | { readonly kind: 'push'; readonly where: number; readonly what: number; readonly how: How }
  | { readonly kind: 'index'; readonly where: number; readonly what: number }
  | { readonly kind: 'untag' | 'delete'; readonly where: number; readonly what: number }
  | { readonly kind: 'delete-repository'; readonly where: number }
  /** To the other repository; a move only where there is none. */
  | { readonly kind: 'copy'; readonly where: number; readonly what: number }
  | { readonly kind: 'move'; readonly where: number }
  /** Dies before its nth call, if it comes so far. */
  | { readonly kind: 'collect'; readonly diesAt: number }
  | { readonly kind: 'sweep' | 'undo' };

/** How the blobs of a push come, and whether it dies between bytes and link. */
export type How = 'upload' | 'mount' | 'head' | 'dying' | 'untagged';

const WORDS = ['a', 'b', 'c'];
const REPOSITORIES = ['acme/app', 'acme/tool'].map(repositoryNamed);
const bytesOf = (word: string) => Buffer.from(`blob ${word}`);

/** Image `n` has the blobs `n` and `n + 1`, so that each blob is in two. */
function imageOf(n: number): ManifestRecord {
  const [config, layer] = [WORDS[n % 3]!, WORDS[(n + 1) % 3]!].map((word) => {
    const digest = digestOf(bytesOf(word));
    return { mediaType: 'application/octet-stream', digest, size: bytesOf(word).length };
  });
  return recordOf(IMAGE, { config, layers: [layer] });
}

export class Killed extends Error {}

export class World {
  readonly ports: WorldPorts;
  readonly repositories: readonly RepositoryName[];
  readonly #pause: Pause;
  #now = Date.now();

  constructor(ports: WorldPorts, pause: Pause, repositories = REPOSITORIES) {
    this.ports = ports;
    this.#pause = pause;
    this.repositories = repositories;
  }

  /** Never the same moment twice, and never what the machine says. */
  readonly clock: Clock = {
    now: () => new Date((this.#now += 1)),
    elapsedMs: () => 0,
    sleep: (_, signal) => {
      if (!signal) return this.#pause();
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error)),
      );
    },
  };

  advance(milliseconds: number): void {
    this.#now += milliseconds;
  }

  /** Does it; what a registry may refuse is passed over. */
  async do(deed: Deed): Promise<void> {
    try {
      await this.#do(deed);
    } catch (error) {
      const isExpected =
        error instanceof Killed ||
        error instanceof RegistryError ||
        error instanceof StorageUnavailable;
      if (!isExpected) throw error;
    }
  }

  /** Collects until there is nothing more to collect. */
  async settle(): Promise<void> {
    const garbage = this.#openGarbage(this.ports);
    for (let rounds = 0; rounds < 4; rounds += 1) {
      this.advance(3_600_000);
      await garbage.sweep();
      await garbage.run();
    }
  }

  async #do(deed: Deed): Promise<void> {
    const { metadata, treeChanges, blobStore } = this.#paused();
    const repository = this.repositories['where' in deed ? deed.where % 2 : 0]!;
    switch (deed.kind) {
      case 'push':
        return this.#push(repository, deed);
      case 'index': {
        const children = [deed.what, deed.what + 1].map((n) => imageOf(n).digest);
        return this.#put(metadata, { repository, manifest: indexOf(children), tags: ['multi'] });
      }
      case 'untag':
        return void (await metadata.deleteTag(repository, tagNamed(`v${deed.what % 2}`), ''));
      case 'delete':
        return void (await metadata.deleteManifest(repository, imageOf(deed.what).digest, ''));
      case 'delete-repository':
        return void (await metadata.deleteRepository(repository, ''));
      case 'copy':
        return this.#copy(repository, deed.what);
      case 'move': {
        const move = { from: repository, to: this.#otherThan(repository), mayMove: () => true };
        return void (await treeChanges.move({ ...move, isAlone: true, actor: '' }));
      }
      case 'collect':
        return void (await this.#openGarbage(this.#paused(deed.diesAt)).run());
      case 'sweep':
        return void (await this.#openGarbage({ ...this.#paused(), blobStore }).sweep());
      default:
        return void (await this.#openGarbage(this.#paused()).bringBack({}, ''));
    }
  }

  async #push(
    repository: RepositoryName,
    { what, how }: { readonly what: number; readonly how: How },
  ): Promise<void> {
    const { metadata } = this.#paused();
    const manifest = imageOf(what);
    for (const n of [what, what + 1]) await this.#bring(repository, WORDS[n % 3]!, how);
    const tags = how === 'untagged' ? [] : [`v${what % 2}`];
    await this.#put(metadata, { repository, manifest, tags });
  }

  async #copy(from: RepositoryName, what: number): Promise<void> {
    const tag = tagNamed(what === 0 ? 'multi' : `v${what % 2}`);
    await this.#paused().treeChanges.copy({
      from,
      reference: { kind: 'tag', tag },
      to: this.#otherThan(from),
      tag,
      withReferrers: what > 2,
      mayOverwrite: true,
      actor: '',
    });
  }

  #otherThan(repository: RepositoryName): RepositoryName {
    return this.repositories.find((name) => name !== repository)!;
  }

  async #put(
    metadata: Metadata,
    put: { repository: RepositoryName; manifest: ManifestRecord; tags: readonly string[] },
  ): Promise<void> {
    const tags = put.tags.map(tagNamed);
    await metadata.recordManifest({ ...put, tags, mayOverwrite: true, actor: '' });
  }

  /** By whichever way; what cannot be mounted is uploaded, as clients do. */
  async #bring(repository: RepositoryName, word: string, how: How): Promise<void> {
    const ports = this.#paused();
    const blobLinks = new BlobLinks({ ...ports, clock: this.clock });
    const find = ports.metadata.findBlob.bind(ports.metadata);
    const blobs = new Blobs({ ...ports, blobLinks, memory: { find } });
    const digest = digestOf(bytesOf(word));
    if (how === 'head' && (await metadataHas(ports.metadata, repository, digest))) return;
    const from = this.#otherThan(repository);
    const mount = { repository, digest, from, isAllowed: true, actor: '' };
    if (how === 'mount' && (await blobs.mount(mount))) return;
    await this.#upload(repository, { word, digest, isDying: how === 'dying' });
  }

  async #upload(
    repository: RepositoryName,
    { word, digest, isDying }: { word: string; digest: Digest; isDying: boolean },
  ): Promise<void> {
    const { clock } = this;
    const ports = this.#paused();
    const uploadTracker = new MemoryUploadTracker();
    const leases = new UploadLeases({ uploadTracker, clock, randomness });
    const dying = { link: () => Promise.reject(new Killed('between bytes and link')) };
    const blobLinks = isDying ? dying : new BlobLinks({ ...ports, clock });
    const uploads = new Uploads({ ...ports, uploadTracker, leases, blobLinks });
    const point = { id: randomness.uuid(), repository, subject: '', offset: 0 };
    const expiresAt = new Date(clock.now().getTime() + 3_600_000);
    const session = { ...point, algorithm: 'sha256', startedAt: clock.now(), expiresAt } as const;
    await uploadTracker.create(session);
    await uploads.finish(point, { digest, chunk: { content: contentOf(word) } });
  }

  #openGarbage(ports: WorldPorts): GarbageCollection {
    const sites = { getRole: async () => ({ role: 'primary' as const, epoch: 1 }) };
    const options = { ...ports, sites, clock: this.clock, randomness };
    // Nothing waits: whatever is unused at the next call may be gone by the one after.
    return new GarbageCollection(options, { delayMs: 0, windowMs: 0, untagged: ['**' as never] });
  }

  /** The ports for one who lives until its nth call. */
  #paused(diesAt = Number.POSITIVE_INFINITY): WorldPorts {
    let calls = 0;
    const beforeCall = async () => {
      await this.#pause();
      calls += 1;
      if (calls >= diesAt) throw new Killed(`before call ${calls}`);
    };
    const { metadata, treeChanges, blobStore, garbageReviews, garbageBin } = this.ports;
    return {
      metadata: pausing(metadata, beforeCall),
      treeChanges: pausing(treeChanges, beforeCall),
      blobStore: pausing(blobStore, beforeCall),
      garbageReviews: pausing(garbageReviews, beforeCall),
      garbageBin: pausing(garbageBin, beforeCall),
    };
  }
}

/** Every method of the port, called only after the pause. */
function pausing<Port extends object>(port: Port, pause: () => Promise<void>): Port {
  return new Proxy(port, {
    get: (target, name) => {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== 'function') return member;
      return async (...values: unknown[]) => {
        await pause();
        return (member as (...given: unknown[]) => unknown).apply(target, values);
      };
    },
  });
}

async function metadataHas(metadata: Metadata, repository: RepositoryName, digest: Digest) {
  return (await metadata.findBlob(repository, digest)) !== undefined;
}

async function* contentOf(word: string): AsyncIterable<Uint8Array> {
  yield bytesOf(word);
}
