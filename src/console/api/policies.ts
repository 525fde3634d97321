/** Words of the API about policies: what is set at a path for all that lies at or below it. */

interface Policy {
  /** '' is the whole registry. */
  readonly path: string;
}

export interface Quota extends Policy {
  readonly limitBytes: number;
  readonly usedBytes: number;
}

interface NamedPolicy extends Policy {
  readonly name: string;
  /** Patterns of tags. */
  readonly tags: readonly string[];
}

export interface Protection extends NamedPolicy {
  readonly immutable: boolean;
  /** Who alone may create, move and delete such tags; absent where nobody may. */
  readonly accounts?: readonly string[];
  readonly groups?: readonly string[];
}

/** A tag is kept where one of these says so. */
export interface KeepRules {
  readonly lastPushed?: number;
  readonly lastPulled?: number;
  readonly pushedWithinDays?: number;
  readonly pulledWithinDays?: number;
}

export interface Retention extends NamedPolicy {
  readonly keep: KeepRules;
}

/** What a run of the retentions took, or would take. */
export interface RetentionReport {
  readonly tags: readonly {
    readonly repository: string;
    readonly tag: string;
    readonly digest: string;
  }[];
  /** How many were looked at. */
  readonly repositories: number;
  /** False where there is more. */
  readonly isWhole: boolean;
}

/** Of a policy, known by its path and, but for quotas, its name. */
export function policyPath(kind: string, { path, name }: { path: string; name?: string }): string {
  const last = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `/api/v1/${kind}${last}?${new URLSearchParams({ path })}`;
}

/** As people read it. */
export function printWhere(path: string): string {
  return path === '' ? 'the whole registry' : path;
}
