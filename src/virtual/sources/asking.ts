/**
 * Asks one upstream for a manifest and writes down what it says: once, however many clients and
 * processes of the site want to know.
 */
import type { Clock } from '../../clock.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName, Tag } from '../../oci/reference.ts';
import type { VirtualUpstream } from '../../oci/virtual-registry.ts';
import type { CachedManifest, CachedTag, VirtualCache } from '../../storage/virtual/cache.ts';
import { RemoteFailure } from '../../storage/virtual/remotes.ts';
import { isFresh, isPresent, type PresentTag } from '../cache/freshness.ts';
import { checkWord, proveManifest } from './proof.ts';
import type { SingleFlight } from './single-flight.ts';
import type { Source } from './source.ts';
import type { Sources } from './sources.ts';

interface Dependencies {
  readonly virtualCache: Pick<
    VirtualCache,
    'findTags' | 'findManifests' | 'recordManifest' | 'recordTag' | 'deleteEntry'
  >;
  readonly sources: Pick<Sources, 'open' | 'note'>;
  readonly singleFlight: Pick<SingleFlight, 'take'>;
  readonly clock: Pick<Clock, 'now'>;
}

export interface Question {
  readonly upstream: VirtualUpstream;
  /** Through which it is asked. */
  readonly registry: string;
  readonly image: RepositoryName;
  /** Whether the content itself is not wanted (V10). */
  readonly isHead: boolean;
  /** Whether the settings that it was asked by still hold, and nothing was purged since. */
  readonly isCurrent: () => Promise<boolean>;
}

/**
 * What an upstream said is no answer any more: it was asked before a purge, or under settings that
 * changed meanwhile. To be asked again.
 */
export class Overtaken extends Error {
  override readonly name = 'Overtaken';
}

/** What the upstream has. */
export interface Answer {
  readonly manifest: CachedManifest;
  /** Whether it was here already, and the upstream said that it is so still. */
  readonly wasKnown: boolean;
  /** Of a tag. */
  readonly checkedAt?: Date;
}

/** `undefined` stands for "not there"; in an object, since looking may find nothing as well. */
interface Outcome {
  readonly answer: Answer | undefined;
}

export class Asking {
  readonly #cache: Dependencies['virtualCache'];
  readonly #sources: Dependencies['sources'];
  readonly #singleFlight: Dependencies['singleFlight'];
  readonly #clock: Dependencies['clock'];

  constructor({ virtualCache, sources, singleFlight, clock }: Dependencies) {
    this.#cache = virtualCache;
    this.#sources = sources;
    this.#singleFlight = singleFlight;
    this.#clock = clock;
  }

  /** What the tag is at the upstream now. @throws UpstreamFailure */
  async askForTag(question: Question, tag: Tag): Promise<Answer | undefined> {
    const { answer } = await this.#singleFlight.take<Outcome>({
      ...namesOf(question, tag),
      look: () => this.#lookForTag(question, tag),
      ask: async () => ({
        answer: await this.#settle({ ...question, tag }, () => this.#ask(question, tag)),
      }),
    });
    return answer;
  }

  /** The manifest of that digest. @throws UpstreamFailure */
  async askForDigest(question: Question, digest: Digest): Promise<Answer | undefined> {
    const { answer } = await this.#singleFlight.take<Outcome>({
      ...namesOf(question, digest),
      look: () => this.#lookForDigest(question, digest),
      ask: async () => ({
        answer: await this.#settle(question, () => this.#askByDigest(question, digest)),
      }),
    });
    return answer;
  }

  /** Nothing stays that was written beside a purge. @throws Overtaken */
  async #settle(
    question: Question & { readonly tag?: Tag },
    task: () => Promise<Answer | undefined>,
  ): Promise<Answer | undefined> {
    const answer = await this.#noting(question, task);
    try {
      await assertCurrent(question);
    } catch (error) {
      const { tag } = question;
      const entry = answer && { ...answer.manifest, ...(tag === undefined ? {} : { tag }) };
      if (entry) await this.#cache.deleteEntry(entry);
      throw error;
    }
    return answer;
  }

  async #noting<T>({ upstream }: Question, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      // What broke on the line was noted there; this is what it sent.
      if (error instanceof RemoteFailure && error.fault === 'broken') {
        this.#sources.note(upstream.name, error);
      }
      throw error;
    }
  }

  /** What somebody else learned meanwhile. */
  async #lookForTag(question: Question, tag: Tag): Promise<Outcome | undefined> {
    const row = await this.#findTag(question, tag);
    if (!row || !isFresh(row, question.upstream, this.#clock.now())) return undefined;
    if (!isPresent(row)) return { answer: undefined };
    const { checkedAt, digest } = row;
    const known = await this.#lookForDigest(question, digest);
    return known?.answer && { answer: { ...known.answer, checkedAt } };
  }

  async #lookForDigest(question: Question, digest: Digest): Promise<Outcome | undefined> {
    const manifest = await this.#findManifest(question, digest);
    const isEnough = manifest && (question.isHead || manifest.content);
    return isEnough ? { answer: { manifest, wasKnown: true } } : undefined;
  }

  async #ask(question: Question, tag: Tag): Promise<Answer | undefined> {
    const { upstream, image, registry, isHead } = question;
    const source = this.#sources.open(upstream, registry);
    const row = await this.#findTag(question, tag);
    if (isPresent(row) && isFresh(row, upstream, this.#clock.now())) {
      // Only its word was heard (V10).
      const { checkedAt } = row;
      const answer = await this.#fetch({ ...question, tag, checkedAt }, row.digest, source);
      if (answer) return answer;
    } else if (isPresent(row) || isHead) {
      const word = await source.headManifest(image, { kind: 'tag', tag });
      if (!word) return this.#forget(question, tag, row);
      const { digest, ...rest } = checkWord(word);
      const heard = digest && (await this.#hear({ ...question, tag }, { ...rest, digest }, source));
      if (heard) return heard;
    }
    const checkedAt = this.#clock.now();
    const sent = await source.findManifest(image, { kind: 'tag', tag });
    if (!sent) return this.#forget(question, tag, row);
    return this.#record({ ...question, tag, checkedAt }, proveManifest(sent));
  }

  /** A HEAD named a digest: is it here, and if not, is the content wanted (V3)? */
  async #hear(
    question: Question & { readonly tag: Tag },
    word: { readonly digest: Digest; readonly mediaType: string; readonly sizeBytes: number },
    source: Source,
  ): Promise<Answer | undefined> {
    const { upstream, image, tag, isHead } = question;
    const checkedAt = this.#clock.now();
    const known = await this.#findManifest(question, word.digest);
    if (known && (known.content || isHead)) {
      const { digest } = word;
      await assertCurrent(question);
      await this.#cache.recordTag({ upstream: upstream.name, image, tag, digest, checkedAt });
      return { manifest: known, wasKnown: true, checkedAt };
    }
    if (!isHead) return this.#fetch({ ...question, checkedAt }, word.digest, source);
    const manifest = { upstream: upstream.name, image, ...word };
    await assertCurrent(question);
    await this.#cache.recordManifest({ manifest, tag, checkedAt, blobs: [], manifests: [] });
    return { manifest, wasKnown: false, checkedAt };
  }

  async #askByDigest(question: Question, digest: Digest): Promise<Answer | undefined> {
    const { upstream, image, registry, isHead } = question;
    const source = this.#sources.open(upstream, registry);
    const checkedAt = this.#clock.now();
    if (!isHead) return this.#fetch({ ...question, checkedAt }, digest, source);
    const word = await source.headManifest(image, { kind: 'digest', digest });
    if (!word) return undefined;
    if (checkWord(word).digest !== undefined && word.digest !== digest) {
      throw new RemoteFailure('broken', `the upstream names ${word.digest} for ${digest}`);
    }
    const manifest = { ...word, upstream: upstream.name, image, digest };
    await assertCurrent(question);
    await this.#cache.recordManifest({ manifest, checkedAt, blobs: [], manifests: [] });
    return { manifest, wasKnown: false };
  }

  /** `undefined` where the upstream does not have it, or not any more. */
  async #fetch(question: Recording, digest: Digest, source: Source): Promise<Answer | undefined> {
    const sent = await source.findManifest(question.image, { kind: 'digest', digest });
    return sent && this.#record(question, proveManifest(sent, digest));
  }

  async #record(
    question: Recording,
    { blobs, manifests, ...proven }: ReturnType<typeof proveManifest>,
  ): Promise<Answer> {
    const { upstream, image, tag, checkedAt } = question;
    const manifest = { upstream: upstream.name, image, ...proven };
    await assertCurrent(question);
    const named = tag === undefined ? {} : { tag };
    await this.#cache.recordManifest({ manifest, ...named, checkedAt, blobs, manifests });
    return { manifest, wasKnown: false, ...(tag === undefined ? {} : { checkedAt }) };
  }

  /** The upstream has no such tag (any more): V7, V8. */
  async #forget(
    question: Question,
    tag: Tag,
    row: CachedTag | undefined,
  ): Promise<Answer | undefined> {
    const { upstream, image } = question;
    const checkedAt = this.#clock.now();
    const kept =
      upstream.whenGone === 'keep' && isPresent(row) && (await this.#keep(question, row));
    const digest = kept ? kept.digest : undefined;
    await assertCurrent(question);
    await this.#cache.recordTag({ upstream: upstream.name, image, tag, digest, checkedAt });
    return kept ? { manifest: kept, wasKnown: true, checkedAt } : undefined;
  }

  async #keep(question: Question, { digest }: PresentTag): Promise<CachedManifest | undefined> {
    const known = await this.#findManifest(question, digest);
    return known?.content && known;
  }

  async #findTag({ upstream, image }: Question, tag: Tag): Promise<CachedTag | undefined> {
    const [row] = await this.#cache.findTags([upstream.name], image, tag);
    return row;
  }

  async #findManifest(
    { upstream, image }: Question,
    digest: Digest,
  ): Promise<CachedManifest | undefined> {
    const [manifest] = await this.#cache.findManifests([upstream.name], image, digest);
    return manifest;
  }
}

/** @throws Overtaken */
async function assertCurrent({ isCurrent, upstream }: Question): Promise<void> {
  if (await isCurrent()) return;
  throw new Overtaken(`the settings of ${upstream.name} change while it is asked`);
}

type Recording = Question & { readonly tag?: Tag; readonly checkedAt: Date };

function namesOf({ upstream, image, isHead }: Question, reference: string) {
  const lease = `ask ${upstream.name} ${image} ${reference}`;
  return { lease, key: `${lease} ${isHead ? 'head' : 'get'}` };
}
