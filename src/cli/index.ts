/** The operator's commands, each in its file; all speak to a running site over HTTP. */
import type { Command } from 'commander';

export function addOperatorCommands(program: Command): void {
  void program;
}
