/** The settings of a site as an administrator may read them: nothing that is secret. */
import { SETTINGS, type Setting, type Settled } from './settings.ts';

export interface ShownSetting {
  /** Its name in the environment. */
  readonly variable: string;
  readonly group: string;
  readonly meaning: string;
  /** `null` where nobody set it and nothing stands in, and for what is secret. */
  readonly value: string | null;
  /** Whether it has a value that is not shown. */
  readonly isHidden: boolean;
}

/** In the order of the table of settings. */
export function showSettings(settled: Settled): ShownSetting[] {
  return Object.entries<Setting>(SETTINGS).map(([key, { variable, group, meaning, isSecret }]) => {
    const value = (settled as Readonly<Record<string, unknown>>)[key];
    const isHidden = isSecret === true && value !== undefined;
    return { variable, group, meaning, isHidden, value: isHidden ? null : print(key, value) };
  });
}

function print(key: string, value: unknown): string | null {
  if (value === undefined || value === '') return null;
  if (key.endsWith('Ms')) return `${Number(value) / 1000}s`;
  if (value instanceof URL) return printUrl(value);
  if (Array.isArray(value)) return value.length === 0 ? null : value.map(printPart).join(', ');
  return printPart(value);
}

function printPart(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Whoever may be named in it is not. */
function printUrl({ href, username, password }: URL): string {
  if (username === '' && password === '') return href;
  const shown = new URL(href);
  shown.username = '';
  shown.password = '';
  return shown.href;
}
