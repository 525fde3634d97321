/** What people do to the tree of names: copy an image, delete a part of the tree, move it. */
import type { Clock } from '../../clock.ts';
import { RegistryError } from '../../oci/error.ts';
import { printReference, type RepositoryName } from '../../oci/reference.ts';
import { isVirtualName } from '../../oci/virtual-name.ts';
import type {
  CopyOutcome,
  ImageCopy,
  MoveOutcome,
  NameMove,
  TreeChanges,
  TreeDeletion,
  TreeMove,
} from '../../storage/tree/tree-changes.ts';

interface Dependencies {
  readonly treeChanges: TreeChanges;
  readonly clock: Clock;
}

/** How long a dry run keeps the names for whoever made it. */
const LEASE_MS = 60_000;

export class TreeEdits {
  readonly #treeChanges: TreeChanges;
  readonly #clock: Clock;

  constructor({ treeChanges, clock }: Dependencies) {
    this.#treeChanges = treeChanges;
    this.#clock = clock;
  }

  /**
   * No bytes move: the repository links what the other one links.
   * @throws RegistryError NAME_INVALID, MANIFEST_UNKNOWN, MANIFEST_BLOB_UNKNOWN with one item for
   * each missing content, DENIED where the tag may not be moved, EXCEEDS_LIMITS
   */
  async copy(copy: ImageCopy): Promise<Extract<CopyOutcome, { kind: 'copied' }>> {
    if (isVirtualName(copy.to)) throw new RegistryError('NAME_INVALID');
    const outcome = await this.#treeChanges.copy(copy);
    if (outcome.kind === 'copied') return outcome;
    throw refusalOfCopy(copy, outcome);
  }

  /**
   * All that lies at or below the path, or nothing. @returns what went, in order
   * @throws RegistryError NAME_UNKNOWN where nothing is there, DENIED, EXCEEDS_LIMITS
   */
  async delete(deletion: TreeDeletion): Promise<readonly RepositoryName[]> {
    const outcome = await this.#treeChanges.delete(deletion);
    if (outcome.kind === 'deleted') return outcome.repositories;
    // Whoever may not delete it is not told whether it is there.
    const isUnknown = outcome.kind === 'unknown' && deletion.mayDelete(deletion.path);
    if (isUnknown) throw unknownName(deletion.path);
    if (outcome.kind !== 'too-many') throw new RegistryError('DENIED');
    throw exceeds(`at most ${outcome.most} repositories are deleted at once`, outcome.most);
  }

  /**
   * All of them or none. @returns the old and the new names, in order
   * @throws RegistryError NAME_UNKNOWN where nothing is there, DENIED, RENAME_CONFLICT with the
   * names that are taken or no names, EXCEEDS_LIMITS
   */
  async move(move: TreeMove): Promise<readonly NameMove[]> {
    assertApart(move);
    return namesOf(move, await this.#treeChanges.move(withoutVirtual(move)));
  }

  /**
   * Says what {@link move} would do, and keeps both names for the account: until then nobody writes
   * there. @throws RegistryError as `move` does
   */
  async plan(move: TreeMove): Promise<{ names: readonly NameMove[]; leasedUntil: Date }> {
    assertApart(move);
    const leasedUntil = new Date(this.#clock.now().getTime() + LEASE_MS);
    const outcome = await this.#treeChanges.lease(withoutVirtual(move), leasedUntil);
    return { names: namesOf(move, outcome), leasedUntil };
  }
}

/** Nothing that is kept here may look like an image of a virtual registry. */
function withoutVirtual(move: TreeMove): TreeMove {
  return { ...move, mayMove: (name) => !isVirtualName(name.to) && move.mayMove(name) };
}

function assertApart({ from, to, isAlone }: TreeMove): void {
  const isInside = to === from || (!isAlone && to.startsWith(`${from}/`));
  if (!isInside) return;
  throw new RegistryError('RENAME_CONFLICT', { message: 'a path cannot be moved into itself' });
}

function namesOf(move: TreeMove, outcome: MoveOutcome): readonly NameMove[] {
  switch (outcome.kind) {
    case 'moved':
      return outcome.names;
    case 'denied':
      throw new RegistryError('DENIED');
    case 'unknown':
      throw move.mayMove(move) ? unknownName(move.from) : new RegistryError('DENIED');
    case 'conflict':
      throw new RegistryError('RENAME_CONFLICT', { detail: { names: outcome.names } });
    default: {
      const { repositories, manifests } = outcome.most;
      const most = `${repositories} repositories with ${manifests} manifests`;
      throw exceeds(`at most ${most} are moved at once`, outcome.most);
    }
  }
}

function refusalOfCopy(
  { reference, tag }: ImageCopy,
  outcome: Exclude<CopyOutcome, { kind: 'copied' }>,
): RegistryError {
  switch (outcome.kind) {
    case 'unknown':
      return new RegistryError('MANIFEST_UNKNOWN', {
        detail: { [reference.kind]: printReference(reference) },
      });
    case 'tag-exists':
      return new RegistryError('DENIED', {
        message: 'the tag exists and may not be moved',
        detail: { tag },
      });
    case 'missing': {
      const [first, ...others] = outcome.digests.map((digest) => ({
        code: 'MANIFEST_BLOB_UNKNOWN' as const,
        message: 'the image names content that its repository lacks',
        detail: { digest },
      }));
      return RegistryError.of([first!, ...others]);
    }
    default:
      return exceeds(`an image of at most ${outcome.most} manifests is copied`, outcome.most);
  }
}

function unknownName(name: RepositoryName): RegistryError {
  return new RegistryError('NAME_UNKNOWN', { detail: { name } });
}

function exceeds(message: string, most: unknown): RegistryError {
  return new RegistryError('EXCEEDS_LIMITS', { message, detail: { most } });
}
