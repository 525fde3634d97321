/** What a setting is. */
import type * as value from './values.ts';

export interface Setting<T = unknown> {
  /** Its name in the environment. */
  readonly variable: string;
  readonly kind: value.Kind<T>;
  /** Text that stands in where nobody says; without it the setting is left out. */
  readonly fallback?: string;
  /** Never printed; may be given as a file through the variable with `_FILE` behind its name. */
  readonly isSecret?: boolean;
  readonly group: string;
  /** What it does, for `docs/configuration.md`. */
  readonly meaning: string;
}

/** A setting that always has a value. */
export type Given<T> = Setting<T> & { readonly fallback: string };

export function given<T>(setting: Given<T>): Given<T> {
  return setting;
}

export function optional<T>(setting: Omit<Setting<T>, 'fallback'>): Setting<T> {
  return setting;
}
