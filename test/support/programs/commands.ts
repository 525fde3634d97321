/** Programs of this machine that tests run: whether they are there, and what they answer. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Context } from 'mocha';
import { skip } from '../skips.ts';

export interface Run {
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Written to the program's standard input. */
  readonly input?: string;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 180_000;

/** Skips the running test, or its suite, where the program is not on the PATH. */
export function requireProgram(name: string, test: Context): void {
  if (!hasProgram(name)) skip(test, `${name} is not on the PATH`);
}

export function hasProgram(name: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Runs a program to its end and gives what it printed to its standard output.
 *
 * @throws Error with the command and all that it printed where it ends with anything but 0.
 */
export function run(command: readonly [string, ...string[]], options: Run = {}): Promise<string> {
  const [program, ...words] = command;
  const child = spawn(program, words, {
    env: { ...process.env, ...options.env },
    timeout: options.timeoutMs ?? TIMEOUT_MS,
  });
  const printed: string[] = [];
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    printed.push(chunk.toString());
  });
  child.stderr.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command.join(' ')}: ${signal ?? code}\n${printed.join('')}`));
    });
  });
}
