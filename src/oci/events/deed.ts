/**
 * Deeds: what somebody did with content, in the words of the notifications of distribution. The
 * deeds of writes are made of the facts that the writes appended to the change log.
 */
import type { Digest } from '../digest.ts';
import { OCTET_STREAM } from '../media-type.ts';
import type { RepositoryName, Tag } from '../reference.ts';
import type { RequestDetails } from './actor.ts';

/** > action … pull, push, mount or delete (distribution, notifications) */
export const DEED_TYPES = ['push', 'pull', 'mount', 'delete'] as const;
export type DeedType = (typeof DEED_TYPES)[number];

/** Of a manifest, of a blob, of a tag alone, or, without any of them, of a whole repository. */
export interface Deed {
  readonly repository: RepositoryName;
  readonly digest?: Digest;
  readonly tag?: Tag;
  readonly mediaType?: string;
  readonly sizeBytes?: number;
  /** Where a blob was mounted from. */
  readonly fromRepository?: RepositoryName;
  /** Name of the account; '' for an anonymous one. */
  readonly actor: string;
  /** Absent where the registry did it by itself. */
  readonly request?: RequestDetails;
}

export interface TypedDeed {
  readonly type: DeedType;
  readonly deed: Deed;
}

/** As the change log has them. */
type ContentFact = { readonly repository: RepositoryName; readonly actor: string } & (
  | {
      readonly kind: 'manifest-recorded';
      readonly digest: Digest;
      readonly mediaType: string;
      readonly sizeBytes: number;
      readonly tags: readonly Tag[];
    }
  | { readonly kind: 'tag-deleted'; readonly tag: Tag }
  | { readonly kind: 'manifest-deleted' | 'blob-unlinked'; readonly digest: Digest }
  | { readonly kind: 'blob-linked'; readonly digest: Digest; readonly sizeBytes: number }
  | { readonly kind: 'repository-deleted' }
);

/** What a fact does not say of how it came to be. */
export interface Circumstances {
  readonly request?: RequestDetails | undefined;
  /** Where its blob was mounted from. */
  readonly fromRepository?: RepositoryName | undefined;
  /** Who acts, where the fact names somebody else: a tag that moves was pushed by its pusher. */
  readonly actor?: string;
}

const KINDS: ReadonlySet<string> = new Set<ContentFact['kind']>([
  'manifest-recorded',
  'tag-deleted',
  'manifest-deleted',
  'blob-linked',
  'blob-unlinked',
  'repository-deleted',
]);

/** One for each tag of a manifest that was pushed; none for a fact that is about no content. */
export function deedsOf(
  fact: ContentFact | { readonly kind: string },
  { request, fromRepository, actor }: Circumstances,
): TypedDeed[] {
  if (!isContentFact(fact)) return [];
  const common = {
    repository: fact.repository,
    actor: actor ?? fact.actor,
    ...(request ? { request } : {}),
  };
  if (fact.kind === 'manifest-recorded') {
    const { digest, mediaType, sizeBytes } = fact;
    const pushed = { ...common, digest, mediaType, sizeBytes };
    const tags = fact.tags.length === 0 ? [{}] : fact.tags.map((tag) => ({ tag }));
    return tags.map((tag) => ({ type: 'push', deed: { ...pushed, ...tag } }));
  }
  if (fact.kind === 'blob-linked') {
    const { digest, sizeBytes } = fact;
    const blob = { ...common, digest, mediaType: OCTET_STREAM, sizeBytes };
    return fromRepository
      ? [{ type: 'mount', deed: { ...blob, fromRepository } }]
      : [{ type: 'push', deed: blob }];
  }
  const what = 'digest' in fact ? { digest: fact.digest } : {};
  const tag = fact.kind === 'tag-deleted' ? { tag: fact.tag } : {};
  const mediaType = fact.kind === 'blob-unlinked' ? { mediaType: OCTET_STREAM } : {};
  return [{ type: 'delete', deed: { ...common, ...what, ...tag, ...mediaType } }];
}

/** Whether a deed is about an image, and not about one of its blobs alone. */
export function isAboutImage({ mediaType }: Deed): boolean {
  return mediaType !== OCTET_STREAM;
}

function isContentFact(fact: { readonly kind: string }): fact is ContentFact {
  return KINDS.has(fact.kind);
}
