/** `meridian completion`: what a shell needs to complete commands and options. */
import { type Command, InvalidArgumentError } from 'commander';
import { say } from '../print.ts';
import { type Place, printBash, printFish, printZsh } from './shells.ts';

const PRINTERS = { bash: printBash, zsh: printZsh, fish: printFish } as const;
type Shell = keyof typeof PRINTERS;

export function addCompletionCommand(program: Command): void {
  program
    .command('completion')
    .description('Print what completes commands, for: source <(meridian completion bash)')
    .argument('<shell>', Object.keys(PRINTERS).join(', '), parseShell)
    .action((shell: Shell) => say(PRINTERS[shell](listPlaces(program)).trimEnd()));
}

function parseShell(text: string): Shell {
  if (Object.hasOwn(PRINTERS, text)) return text as Shell;
  throw new InvalidArgumentError(`Shells are ${Object.keys(PRINTERS).join(', ')}.`);
}

/** Every command with what may follow it; the program itself first, with an empty path. */
function listPlaces(command: Command, path: readonly string[] = []): Place[] {
  const { commands, options } = visible(command);
  const place = {
    path,
    words: [
      ...commands.map((each) => ({ word: each.name(), meaning: each.description() })),
      ...options.map(({ long, description }) => ({ word: long!, meaning: description })),
    ],
  };
  return [place, ...commands.flatMap((each) => listPlaces(each, [...path, each.name()]))];
}

function visible(command: Command) {
  const help = command.createHelp();
  const commands = help.visibleCommands(command).filter((each) => each.name() !== 'help');
  return { commands, options: help.visibleOptions(command).filter(({ long }) => long) };
}
