/** What the commands that list names have in common. */
import type { Command } from 'commander';
import type { ConnectionOptions } from '../connection.ts';
import { withJson } from '../virtual/options.ts';

export interface FindOptions extends ConnectionOptions {
  readonly prefix?: string;
  readonly search?: string;
  readonly json?: boolean;
}

export function withFilters(command: Command): Command {
  return withJson(
    command
      .option('--prefix <text>', 'only what begins so')
      .option('--search <text>', 'only what has this text in it'),
  );
}

/** A path with those of the words that were given as its query. */
export function withQuery(path: string, words: Readonly<Record<string, string | undefined>>) {
  const given = Object.entries(words).filter(([, word]) => word !== undefined);
  const query = new URLSearchParams(given as [string, string][]).toString();
  return query === '' ? path : `${path}?${query}`;
}
