/** Grants as operators type them: `team/**=pull,push`. */
import { InvalidArgumentError } from 'commander';
import { ACTIONS } from '../oci/action.ts';
import { parsePathPattern } from '../oci/path-pattern.ts';

export interface GrantText {
  readonly pattern: string;
  readonly actions: readonly string[];
}

/** Adds one more grant to those before it. */
export function collectGrant(text: string, before: readonly GrantText[] = []): GrantText[] {
  const [pattern = '', actions = ''] = text.split('=');
  if (!parsePathPattern(pattern)) {
    throw new InvalidArgumentError('It must begin with a path pattern, as in team/**=pull,push.');
  }
  return [...before, { pattern, actions: parseActions(actions) }];
}

export function parseActions(text: string): string[] {
  const actions = text.split(',').map((action) => action.trim());
  if (actions.every((action) => ACTIONS.some((known) => known === action))) return actions;
  throw new InvalidArgumentError(`Actions are ${ACTIONS.join(', ')}.`);
}

export function collectPattern(text: string, before: readonly string[] = []): string[] {
  if (parsePathPattern(text)) return [...before, text];
  throw new InvalidArgumentError('It must be a path pattern, such as team/** or tools/*.');
}

export function printGrants(grants: readonly GrantText[]): string {
  return grants.map(({ pattern, actions }) => `${pattern}=${actions.join(',')}`).join('\n');
}
