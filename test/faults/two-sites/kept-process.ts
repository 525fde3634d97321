/**
 * A program under a supervisor, as an operator keeps one: whenever it ends, it is started again.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { signalAll, signalFamily } from '../process-tree.ts';

export interface KeptCommand {
  /** For people who read what went wrong. */
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

const PAUSE_MS = 200;
const MOST_LINES = 200;

export class KeptProcess {
  readonly name: string;
  readonly #command: KeptCommand;
  readonly #said: string[] = [];
  readonly #kept: Promise<void>;
  /** However the tests end, nothing outlives them. */
  readonly #onExit = (): void => this.kill();
  #child: ChildProcess;
  #isStopping = false;

  constructor(command: KeptCommand) {
    this.name = command.name;
    this.#command = command;
    this.#child = this.#spawn();
    this.#kept = this.#keep();
    process.once('exit', this.#onExit);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The last lines that it printed. */
  get said(): string {
    return this.#said.join('');
  }

  /** With all that descend from it, as when the power is cut; or alone, as when memory is short. */
  kill(whom: 'family' | 'alone' = 'family'): void {
    if (whom === 'family') signalFamily(this.pid, 'SIGKILL');
    else signalAll([this.pid], 'SIGKILL');
  }

  /** Ends it in order and keeps it no longer. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.kill(), 20_000);
    await this.#kept;
    clearTimeout(late);
    process.off('exit', this.#onExit);
  }

  #spawn(): ChildProcess {
    const { command, env } = this.#command;
    const [program, ...words] = command;
    const child = spawn(program, words, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        this.#said.push(chunk.toString());
        if (this.#said.length > MOST_LINES) this.#said.shift();
      });
    }
    return child;
  }

  async #keep(): Promise<void> {
    for (;;) {
      const [code, signal] = (await once(this.#child, 'exit')) as [number | null, string | null];
      if (this.#isStopping) return;
      this.#said.push(`(ended with ${signal ?? code})\n`);
      await wait(PAUSE_MS);
      if (this.#isStopping) return;
      this.#child = this.#spawn();
    }
  }
}
