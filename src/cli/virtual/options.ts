/** What the commands of virtual registries have in common. */
import { type Command, InvalidArgumentError } from 'commander';
import { withConnection } from '../connection.ts';
import { say } from '../print.ts';

export const REGISTRIES = '/api/v1/virtual_registries';
export const UPSTREAMS = '/api/v1/virtual_upstreams';

export function pathOf(noun: typeof REGISTRIES | typeof UPSTREAMS, name: string): string {
  return `${noun}/${encodeURIComponent(name)}`;
}

/** A command that prints something, for people or for programs. */
export function withJson(command: Command): Command {
  return withConnection(command.option('--json', 'as JSON, for programs'));
}

export function printJson(value: unknown): void {
  say(JSON.stringify(value, null, 2));
}

/** Adds one more word to those before it. */
export function collectWord(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

export function parseCount(text: string): number {
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number.');
}

/** A number, or `none` for no limit. */
export function parseLimit(text: string): number | null {
  return text === 'none' ? null : parseCount(text);
}
