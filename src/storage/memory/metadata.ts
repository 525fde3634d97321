/** Memory maker of `Metadata`. Each method is one turn of the event loop, hence one transaction. */
import type { Digest } from '../../oci/digest.ts';
import { type Actor, nameOf, requestOf } from '../../oci/events/actor.ts';
import { outlineOf, parseManifest } from '../../oci/manifest.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';
import type { Fact } from '../change-log.ts';
import type {
  BlobLink,
  ManifestPut,
  ManifestRecord,
  Metadata,
  PutOutcome,
  StoredManifest,
} from '../metadata.ts';
import type { MemoryFacts, MemoryRepository } from './facts.ts';

type RecordedFact = Extract<Fact, { kind: 'manifest-recorded' }>;

export class MemoryMetadata implements Metadata {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
    facts.addWriter((fact) => this.#write(fact));
  }

  async findManifest(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<StoredManifest | undefined> {
    const found = this.#find(repository)?.manifests.get(digest);
    return found && { digest, mediaType: found.mediaType, content: found.content };
  }

  async findTag(repository: RepositoryName, tag: Tag): Promise<Digest | undefined> {
    return this.#find(repository)?.tags.get(tag);
  }

  async findBlob(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<{ readonly sizeBytes: number } | undefined> {
    const sizeBytes = this.#find(repository)?.blobs.get(digest);
    return sizeBytes === undefined ? undefined : { sizeBytes };
  }

  async recordManifest(put: ManifestPut): Promise<PutOutcome> {
    this.#facts.assertPrimary();
    this.#facts.nameLeases.assertFree(put.repository, this.#facts.now());
    const found = this.#find(put.repository);
    const digests = findMissing(found, put.manifest);
    if (digests.length > 0) return { kind: 'missing', digests };
    const moved = put.tags.filter((tag) => found?.tags.get(tag) !== put.manifest.digest);
    const taken = moved.filter((tag) => found?.tags.has(tag)).sort()[0];
    if (taken !== undefined && !put.mayOverwrite) return { kind: 'tag-exists', tag: taken };
    const known = found?.manifests.get(put.manifest.digest);
    this.#assertAllowed(put, moved);
    if (known?.mediaType !== put.manifest.mediaType || moved.length > 0) {
      this.#ensure(put.repository).manifests.set(put.manifest.digest, put.manifest);
      this.#facts.commit(toFact(put, moved), { request: requestOf(put.actor) });
    } else this.#queueAgain('manifest', put.repository, put.manifest.digest);
    return { kind: 'recorded' };
  }

  async linkBlob({ foundBehind, fromRepository, actor, ...link }: BlobLink): Promise<void> {
    this.#facts.assertPrimary();
    this.#facts.assertFound(link.digest, foundBehind);
    if (!this.#find(link.repository)?.blobs.has(link.digest)) {
      this.#facts.policies.assertRoom(link, link);
      const circumstances = { request: requestOf(actor), fromRepository };
      this.#facts.commit({ kind: 'blob-linked', ...link, actor: nameOf(actor) }, circumstances);
    } else this.#queueAgain('link', link.repository, link.digest);
    // The caller's commit proved the bytes, so a link at the primary is a verification too.
    this.#facts.blobs.get(link.digest)!.verifiedAt ??= this.#facts.now();
  }

  async deleteTag(repository: RepositoryName, tag: Tag, actor: Actor): Promise<boolean> {
    this.#facts.assertPrimary();
    const isThere = this.#find(repository)?.tags.has(tag) ?? false;
    this.#facts.policies.assertTagsMayChange({ repository, actor }, [{ tag, kind: 'delete' }]);
    if (isThere)
      this.#commit({ kind: 'tag-deleted', repository, tag, actor: nameOf(actor) }, actor);
    return isThere;
  }

  async deleteManifest(repository: RepositoryName, digest: Digest, actor: Actor): Promise<boolean> {
    this.#facts.assertPrimary();
    const isThere = this.#find(repository)?.manifests.has(digest) ?? false;
    const what = { digest, kind: 'delete' } as const;
    this.#facts.policies.assertContentMayChange({ repository, actor }, what);
    if (isThere)
      this.#commit({ kind: 'manifest-deleted', repository, digest, actor: nameOf(actor) }, actor);
    return isThere;
  }

  async unlinkBlob(repository: RepositoryName, digest: Digest, actor: Actor): Promise<boolean> {
    this.#facts.assertPrimary();
    const isThere = this.#find(repository)?.blobs.has(digest) ?? false;
    const what = { digest, kind: 'delete' } as const;
    this.#facts.policies.assertContentMayChange({ repository, actor }, what);
    if (isThere)
      this.#commit({ kind: 'blob-unlinked', repository, digest, actor: nameOf(actor) }, actor);
    return isThere;
  }

  async deleteRepository(repository: RepositoryName, actor: Actor): Promise<boolean> {
    this.#facts.assertPrimary();
    const isThere = this.#find(repository) !== undefined;
    this.#facts.policies.assertRepositoryMayGo({ repository, actor });
    if (isThere)
      this.#commit({ kind: 'repository-deleted', repository, actor: nameOf(actor) }, actor);
    return isThere;
  }

  #commit(fact: Fact, actor: Actor): void {
    this.#facts.commit(fact, { request: requestOf(actor) });
  }

  /** @throws ChangeRefused */
  #assertAllowed(put: ManifestPut, moved: readonly Tag[]): void {
    const { repository, manifest } = put;
    const { policies } = this.#facts;
    const found = this.#find(repository);
    const changes = moved.map((tag) => {
      return { tag, kind: found?.tags.has(tag) ? 'move' : 'create' } as const;
    });
    policies.assertTagsMayChange(put, changes);
    const known = found?.manifests.get(manifest.digest);
    if (!known) policies.assertRoom(put, { sizeBytes: manifest.content.length });
    else if (known.mediaType !== manifest.mediaType) {
      policies.assertContentMayChange(put, { digest: manifest.digest, kind: 'move' });
    }
  }

  /** What is pushed although it is there already waits for its review anew. */
  #queueAgain(kind: 'manifest' | 'link', repository: RepositoryName, digest: Digest): void {
    const { reviews } = this.#facts;
    const review = { repository, digest };
    if (reviews.has(kind, review)) reviews.queue(kind, review, this.#facts.now());
  }

  #find(repository: RepositoryName): MemoryRepository | undefined {
    return this.#facts.repositories.get(repository);
  }

  #write(fact: Fact): void {
    if (fact.kind === 'manifest-recorded') {
      this.#writeManifest(fact);
    } else if (fact.kind === 'tag-deleted') {
      this.#find(fact.repository)?.tags.delete(fact.tag);
    } else if (fact.kind === 'manifest-deleted') {
      const found = this.#find(fact.repository);
      found?.manifests.delete(fact.digest);
      deleteTagsOn(found, fact.digest);
    } else if (fact.kind === 'blob-linked') {
      this.#ensure(fact.repository).blobs.set(fact.digest, fact.sizeBytes);
      const blob = this.#facts.blobs.get(fact.digest);
      this.#facts.blobs.set(fact.digest, { ...blob, sizeBytes: fact.sizeBytes });
    } else if (fact.kind === 'blob-unlinked') {
      this.#find(fact.repository)?.blobs.delete(fact.digest);
    } else if (fact.kind === 'repository-deleted') {
      this.#facts.repositories.delete(fact.repository);
    }
  }

  /**
   * Another site's fact comes without its content where the manifest was deleted since. Its tags
   * point to nothing then, and to what they pointed before they must not point either.
   */
  #writeManifest(fact: RecordedFact): void {
    const repository = this.#ensure(fact.repository);
    if (fact.content !== undefined) repository.manifests.set(fact.digest, toRecord(fact));
    const isThere = repository.manifests.has(fact.digest);
    for (const tag of fact.tags) {
      if (isThere) repository.tags.set(tag, fact.digest);
      else repository.tags.delete(tag);
    }
  }

  #ensure(name: RepositoryName): MemoryRepository {
    const found = this.#facts.repositories.get(name) ?? {
      createdAt: this.#facts.now(),
      manifests: new Map(),
      tags: new Map(),
      blobs: new Map(),
    };
    this.#facts.repositories.set(name, found);
    return found;
  }
}

function findMissing(repository: MemoryRepository | undefined, manifest: ManifestRecord): Digest[] {
  const missing = [
    ...manifest.blobs.filter((digest) => !repository?.blobs.has(digest)),
    ...manifest.manifests.filter((digest) => !repository?.manifests.has(digest)),
  ];
  return [...new Set(missing)];
}

function deleteTagsOn(repository: MemoryRepository | undefined, digest: Digest): void {
  for (const [tag, target] of repository?.tags ?? []) {
    if (target === digest) repository?.tags.delete(tag);
  }
}

function toFact({ repository, manifest, actor }: ManifestPut, tags: readonly Tag[]): RecordedFact {
  const { digest, mediaType, content } = manifest;
  return {
    kind: 'manifest-recorded',
    repository,
    digest,
    mediaType,
    sizeBytes: content.length,
    tags,
    actor: nameOf(actor),
  };
}

function toRecord(fact: RecordedFact): ManifestRecord {
  const content = Buffer.from(fact.content!, 'base64');
  const { digest, mediaType } = fact;
  return { digest, mediaType, content, ...outlineOf(parseManifest(content, mediaType)) };
}
