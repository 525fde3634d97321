/** Memory maker of `TreeChanges`. Each method is one turn of the event loop: one transaction. */
import type { Digest } from '../../../oci/digest.ts';
import { type Actor, nameOf, requestOf } from '../../../oci/events/actor.ts';
import { parseRepositoryName, type RepositoryName } from '../../../oci/reference.ts';
import type { Fact } from '../../change-log.ts';
import type { ManifestRecord } from '../../metadata.ts';
import {
  type CopyOutcome,
  type DeletionOutcome,
  type ImageCopy,
  MAX_COPIED,
  MAX_DELETED,
  MAX_MOVED,
  type MoveOutcome,
  type NameMove,
  type TreeChanges,
  type TreeDeletion,
  type TreeMove,
} from '../../tree/tree-changes.ts';
import type { MemoryFacts, MemoryRepository } from '../facts.ts';
import type { NameLease } from './lease-book.ts';
import { assertMayMove } from './move-policies.ts';

export class MemoryTreeChanges implements TreeChanges {
  readonly #facts: MemoryFacts;

  constructor(facts: MemoryFacts) {
    this.#facts = facts;
  }

  async copy(copy: ImageCopy): Promise<CopyOutcome> {
    const { from, reference, to: repository, tag, actor } = copy;
    const { policies, repositories } = this.#facts;
    this.#facts.assertPrimary();
    this.#facts.nameLeases.assertFree(repository, this.#facts.now());
    this.#facts.nameLeases.assertFree(from, this.#facts.now());
    const source = repositories.get(from);
    const digest = reference.kind === 'digest' ? reference.digest : source?.tags.get(reference.tag);
    const root = digest && source?.manifests.get(digest);
    if (!source || !root) return { kind: 'unknown' };
    const { records, blobs, missing } = collect(source, root, copy.withReferrers);
    if (records.length > MAX_COPIED) return { kind: 'too-many', most: MAX_COPIED };
    if (missing.length > 0) return { kind: 'missing', digests: missing };
    const target = repositories.get(repository);
    const old = target?.tags.get(tag);
    if (old && old !== digest && !copy.mayOverwrite) return { kind: 'tag-exists' };
    const change = { repository, actor };
    if (old !== digest) {
      policies.assertTagsMayChange(change, [{ tag, kind: old ? 'move' : 'create' }]);
    }
    const linked = blobs.filter((blob) => !target?.blobs.has(blob));
    const recorded = records.filter((record) => !target?.manifests.has(record.digest));
    const by = nameOf(actor);
    const facts: Fact[] = [
      ...linked.map((blob) => linkOf(repository, [blob, source.blobs.get(blob)!], by)),
      ...recorded.map((record) => {
        return recordedOf({ repository, record, by, tags: record === root ? [tag] : [] });
      }),
    ];
    for (const fact of facts) if ('sizeBytes' in fact) policies.assertRoom(change, fact);
    const known = target?.manifests.get(digest);
    const isTold = old === digest || !known;
    const pointed = isTold ? [] : [recordedOf({ repository, record: known, by, tags: [tag] })];
    this.#commit([...facts, ...pointed], actor, from);
    return { kind: 'copied', digest, manifests: recorded.length, blobs: linked.length };
  }

  async delete({ path, actor, mayDelete, isDryRun }: TreeDeletion): Promise<DeletionOutcome> {
    this.#facts.assertPrimary();
    const mine = { paths: [path], isTree: true, actor: nameOf(actor) };
    this.#facts.nameLeases.assertNotLeased(mine, this.#facts.now());
    const repositories = this.#listTree(path);
    if (repositories.length === 0) return { kind: 'unknown' };
    if (!repositories.every(mayDelete)) return { kind: 'denied' };
    if (repositories.length > MAX_DELETED) return { kind: 'too-many', most: MAX_DELETED };
    for (const repository of repositories) {
      this.#facts.policies.assertRepositoryMayGo({ repository, actor });
    }
    if (!isDryRun)
      this.#commit(
        repositories.map((name) => deletedOf(name, actor)),
        actor,
      );
    return { kind: 'deleted', repositories };
  }

  async move(move: TreeMove): Promise<MoveOutcome> {
    const outcome = this.#plan(move);
    if (outcome.kind !== 'moved') return outcome;
    this.#facts.nameLeases.release(leaseOf(move));
    for (const name of outcome.names) {
      const gone = { ...deletedOf(name.from, move.actor), movedTo: name.to };
      const facts = [...this.#describe(name, nameOf(move.actor)), gone];
      this.#commit(facts, move.actor, name.from);
    }
    return outcome;
  }

  async lease(move: TreeMove, until: Date): Promise<MoveOutcome> {
    const outcome = this.#plan(move);
    if (outcome.kind !== 'moved') return outcome;
    const isTree = !move.isAlone && outcome.names.some(({ from }) => from !== move.from);
    this.#facts.nameLeases.write({ ...leaseOf(move), isTree }, until);
    return outcome;
  }

  #plan(move: TreeMove): MoveOutcome {
    const { repositories, nameLeases } = this.#facts;
    this.#facts.assertPrimary();
    nameLeases.assertNotLeased(leaseOf(move), this.#facts.now());
    const found = move.isAlone
      ? [move.from].filter((name) => repositories.has(name))
      : this.#listTree(move.from);
    if (found.length === 0) return { kind: 'unknown' };
    const pairs = found.map((from) => ({ from, to: move.to + from.slice(move.from.length) }));
    const impossible = pairs.map(({ to }) => to).filter((name) => !parseRepositoryName(name));
    if (impossible.length > 0) return { kind: 'conflict', names: impossible };
    const names = pairs as NameMove[];
    if (!names.every(move.mayMove)) return { kind: 'denied' };
    const manifests = found.flatMap((name) => [...repositories.get(name)!.manifests]);
    if (found.length > MAX_MOVED.repositories || manifests.length > MAX_MOVED.manifests) {
      return { kind: 'too-many', most: MAX_MOVED };
    }
    const taken = names.map(({ to }) => to).filter((name) => repositories.has(name));
    if (taken.length > 0) return { kind: 'conflict', names: taken.sort() };
    assertMayMove(this.#facts, names, move.actor);
    return { kind: 'moved', names };
  }

  /** What the repository holds, as if it came to be now; but tags were pushed when they were. */
  #describe({ from, to: repository }: NameMove, by: string): Fact[] {
    const { manifests, tags, blobs } = this.#facts.repositories.get(from)!;
    const links = [...blobs].map((blob) => linkOf(repository, blob, by));
    const recorded = [...manifests.values()].flatMap((record) => {
      const on = [...tags].filter(([, digest]) => digest === record.digest);
      const movedFrom = from;
      if (on.length === 0) return [{ ...recordedOf({ repository, record, by }), movedFrom }];
      return on.map(([tag]) => {
        const push = this.#facts.pushes.get(`${from}:${tag}`)!;
        const pushedAt = push.at.toISOString();
        const recorded = recordedOf({ repository, record, by: push.by, tags: [tag] });
        return { ...recorded, pushedAt, movedFrom };
      });
    });
    return [...links, ...recorded];
  }

  #listTree(path: RepositoryName): RepositoryName[] {
    return [...this.#facts.repositories.keys()]
      .filter((name) => name === path || name.startsWith(`${path}/`))
      .sort();
  }

  #commit(facts: readonly Fact[], actor: Actor, fromRepository?: RepositoryName): void {
    const acting = { request: requestOf(actor), actor: nameOf(actor) };
    for (const fact of facts) this.#facts.commit(fact, { ...acting, fromRepository });
    for (const fact of facts) {
      if (fact.kind !== 'blob-linked') continue;
      // Where it comes from it was verified, and no bytes moved.
      this.#facts.blobs.get(fact.digest)!.verifiedAt ??= this.#facts.now();
    }
  }
}

function leaseOf({ from, to, isAlone, actor }: TreeMove): NameLease {
  return { paths: [from, to], isTree: !isAlone, actor: nameOf(actor) };
}

function linkOf(repository: RepositoryName, [digest, sizeBytes]: [Digest, number], actor: string) {
  return { kind: 'blob-linked', repository, digest, sizeBytes, actor } as const;
}

function deletedOf(repository: RepositoryName, actor: Actor) {
  return { kind: 'repository-deleted', repository, actor: nameOf(actor) } as const;
}

interface Recorded {
  readonly repository: RepositoryName;
  readonly record: ManifestRecord;
  readonly by: string;
  readonly tags?: Extract<Fact, { kind: 'manifest-recorded' }>['tags'];
}

function recordedOf({ repository, record, by: actor, tags = [] }: Recorded) {
  const { digest, mediaType, content } = record;
  const described = { digest, mediaType, sizeBytes: content.length };
  const bytes = content.toString('base64');
  return {
    kind: 'manifest-recorded',
    repository,
    ...described,
    tags,
    actor,
    content: bytes,
  } as const;
}

/** What the manifest names, itself and through its children, and what refers to any of them. */
function collect(source: MemoryRepository, root: ManifestRecord, withReferrers: boolean) {
  const records = new Set([root]);
  const missing = new Set<Digest>();
  for (const record of records) {
    for (const child of record.manifests) {
      const found = source.manifests.get(child);
      if (found) records.add(found);
      else missing.add(child);
    }
    for (const one of withReferrers ? source.manifests.values() : []) {
      if (one.subject === record.digest) records.add(one);
    }
  }
  const blobs = [...new Set([...records].flatMap((record) => record.blobs))];
  for (const blob of blobs) if (!source.blobs.has(blob)) missing.add(blob);
  return { records: [...records].toReversed(), blobs, missing: [...missing] };
}
