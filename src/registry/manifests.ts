/** Manifests: finding, recording and deleting them. */
import { algorithmOf, type Digest, digestOf } from '../oci/digest.ts';
import { RegistryError } from '../oci/error.ts';
import type { Actor } from '../oci/events/actor.ts';
import { outlineOf, parseManifest } from '../oci/manifest.ts';
import { printReference, type Reference, type RepositoryName, type Tag } from '../oci/reference.ts';
import type { Metadata, PutOutcome, StoredManifest } from '../storage/metadata.ts';
import {
  asOfBoth,
  type Elsewhere,
  localOrigin,
  OWN,
  type Reading,
  type ReadOptions,
} from './elsewhere.ts';
import type { ManifestMemory } from './manifest-memory.ts';

interface Dependencies {
  readonly metadata: Pick<Metadata, 'recordManifest' | 'deleteManifest'>;
  readonly memory: Pick<ManifestMemory, 'find'>;
  readonly elsewhere?: Pick<Elsewhere, 'judge' | 'findManifest'>;
  /** Told of each manifest that is read. */
  readonly onRead?: (repository: RepositoryName, manifest: StoredManifest) => void;
}

export interface Push {
  readonly repository: RepositoryName;
  readonly reference: Reference;
  /** Tags besides the reference, all or none of which will point to the manifest (`?tag=`). */
  readonly tags: readonly Tag[];
  /** Of the request, without parameters. */
  readonly mediaType: string;
  readonly content: Buffer;
  /** Whether the caller may move a tag that exists (A25). */
  readonly mayOverwrite: boolean;
  readonly actor: Actor;
}

export interface Pushed {
  readonly digest: Digest;
  readonly subject?: Digest;
}

export class Manifests {
  readonly #metadata: Dependencies['metadata'];
  readonly #memory: Dependencies['memory'];
  readonly #elsewhere: Dependencies['elsewhere'];
  readonly #onRead: Dependencies['onRead'];

  constructor({ metadata, memory, elsewhere, onRead }: Dependencies) {
    this.#metadata = metadata;
    this.#memory = memory;
    this.#elsewhere = elsewhere;
    this.#onRead = onRead;
  }

  /** @throws RegistryError MANIFEST_UNKNOWN where it is neither here nor elsewhere. */
  async get(
    repository: RepositoryName,
    reference: Reference,
    options: ReadOptions = {},
  ): Promise<Reading<StoredManifest>> {
    if (this.#elsewhere) {
      const reading = await this.#getAnywhere(this.#elsewhere, { repository, reference }, options);
      if (reading) {
        this.#onRead?.(repository, reading.found);
        return reading;
      }
    } else {
      const found = await this.#memory.find(repository, reference, options.asOf);
      if (found) return { found, origin: OWN };
    }
    throw unknown(reference);
  }

  /** What a digest names never changes; only under `strong` it may be gone. */
  async #getAnywhere(
    elsewhere: NonNullable<Dependencies['elsewhere']>,
    { repository, reference }: { repository: RepositoryName; reference: Reference },
    { asOf, consistency }: ReadOptions,
  ): Promise<Reading<StoredManifest> | undefined> {
    const standing = await elsewhere.judge(consistency);
    const known = await this.#memory.find(repository, reference, asOfBoth(asOf, standing));
    const mayAnswer = reference.kind === 'digest' ? !standing.isStrong : standing.mayAnswer;
    if (known && mayAnswer) return { found: known, origin: localOrigin(standing) };
    return elsewhere.findManifest({ repository, reference, known, standing });
  }

  /**
   * Records the very bytes, and the tags, in one transaction.
   *
   * @throws RegistryError DIGEST_INVALID where the bytes have another digest than they are pushed
   * under, MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN with one item for each missing content, DENIED
   * where a tag may not be moved.
   */
  async put(push: Push): Promise<Pushed> {
    const { repository, reference, content, mayOverwrite, actor } = push;
    const digest = digestFor(reference, content);
    const parsed = parseManifest(content, push.mediaType);
    const tags = reference.kind === 'tag' ? [reference.tag, ...push.tags] : push.tags;
    const { mediaType } = parsed;
    const manifest = { digest, mediaType, content, ...outlineOf(parsed) };
    checkOutcome(
      await this.#metadata.recordManifest({
        repository,
        manifest,
        tags: [...new Set(tags)],
        mayOverwrite,
        actor,
      }),
    );
    return { digest, ...(manifest.subject ? { subject: manifest.subject } : {}) };
  }

  /** With every tag on it. @throws RegistryError MANIFEST_UNKNOWN where it is not there. */
  async delete(repository: RepositoryName, digest: Digest, actor: Actor): Promise<void> {
    const wasThere = await this.#metadata.deleteManifest(repository, digest, actor);
    if (!wasThere) throw unknown({ kind: 'digest', digest });
  }
}

/** > if the digest … does not match, the registry MUST … 400 (pushing manifests) */
function digestFor(reference: Reference, content: Buffer): Digest {
  if (reference.kind === 'tag') return digestOf(content);
  const digest = digestOf(content, algorithmOf(reference.digest));
  if (digest === reference.digest) return digest;
  throw new RegistryError('DIGEST_INVALID', { detail: { expected: reference.digest, digest } });
}

function checkOutcome(outcome: PutOutcome): void {
  if (outcome.kind === 'tag-exists') {
    throw new RegistryError('DENIED', {
      message: 'the tag exists and may not be moved',
      detail: { tag: outcome.tag },
    });
  }
  if (outcome.kind === 'missing') {
    const [first, ...others] = outcome.digests.map((digest) => ({
      code: 'MANIFEST_BLOB_UNKNOWN' as const,
      message: 'the manifest names content that the repository lacks',
      detail: { digest },
    }));
    throw RegistryError.of([first!, ...others]);
  }
}

function unknown(reference: Reference): RegistryError {
  return new RegistryError('MANIFEST_UNKNOWN', {
    detail: { [reference.kind]: printReference(reference) },
  });
}
