/** What protections say of a change of a tag, pure. Every one that covers it must agree. */
import type { RepositoryName, Tag } from '../reference.ts';
import { type Policy, type Protection, printPath } from './policy.ts';
import { coversTag } from './tag-pattern.ts';

/** Whoever writes; the name is '' for an anonymous one. */
export interface Writer {
  readonly account: string;
  readonly groups: readonly string[];
}

/** `create` where there was no such tag; `move` to another manifest, or to other bytes of it. */
export interface TagChange {
  readonly repository: RepositoryName;
  readonly tag: Tag;
  readonly kind: 'create' | 'move' | 'delete';
}

/** The sentence with which the change is refused, or `undefined`. */
export function refuseTagChange(
  policies: readonly Policy[],
  { repository, tag, kind }: TagChange,
  writer: Writer,
): string | undefined {
  const rule = protectionsOf(policies, tag).find((one) => !allows(one, kind, writer));
  if (!rule) return undefined;
  const where = `by the protection "${rule.name}" of ${printPath(rule.path)}`;
  return rule.isImmutable
    ? `the tag ${repository}:${tag} is immutable ${where}`
    : `the tag ${repository}:${tag} is protected ${where}, and you may not ${kind} it`;
}

/** Whether any protection speaks of the tag. */
export function isProtected(policies: readonly Policy[], tag: Tag): boolean {
  return protectionsOf(policies, tag).length > 0;
}

/** Whether tags have to be looked at at all. */
export function hasProtections(policies: readonly Policy[]): boolean {
  return policies.some(({ kind }) => kind === 'protection');
}

function protectionsOf(policies: readonly Policy[], tag: Tag): Protection[] {
  return policies.filter(
    (one): one is Protection => one.kind === 'protection' && coversTag(one.tags, tag),
  );
}

function allows(rule: Protection, kind: TagChange['kind'], writer: Writer): boolean {
  if (rule.isImmutable) return kind === 'create';
  if (writer.account !== '' && rule.accounts.includes(writer.account)) return true;
  return rule.groups.some((group) => writer.groups.includes(group));
}
