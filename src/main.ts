#!/usr/bin/env -S node --single-threaded-gc --min-semi-space-size=16 --heap-growing-percent=50
/**
 * The command line. Each command loads what it needs when it runs, so that a site starts at once.
 */
import { Command, CommanderError } from 'commander';
import { CLIENT_VARIABLES } from './config/settings.ts';
import { VERSION } from './config/version.ts';
import { type Config, ConfigError, loadConfig, processEnvironment } from './config.ts';

const EXAMPLES = `
Examples:
  meridian demo                                  a primary and a secondary on this machine
  meridian serve                                 one site, everything in ./data
  meridian serve --config site.yml               the same, with settings (docs/configuration.md)
  meridian site add lisbon                       prints what a second site needs to join
  meridian account add ci --grant 'team/**=pull,push'

Operator's commands speak to a running site: --url, --user and --password, or the variables
MERIDIAN_URL, MERIDIAN_USER and MERIDIAN_PASSWORD.`;

/** @param word the first on the line: where it names what runs a site, operators' are not loaded */
async function buildProgram(word: string | undefined): Promise<Command> {
  const program = new Command('meridian')
    .description('One container registry in many places.')
    .version(VERSION)
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, 'meridian:')) })
    .addHelpText('after', EXAMPLES)
    .exitOverride();
  addSiteCommands(program);
  if (!program.commands.some((command) => command.name() === word)) {
    (await import('./cli/index.ts')).addOperatorCommands(program);
  }
  return program;
}

function addSiteCommands(program: Command): void {
  addSiteCommand(program, 'serve', 'Run a site until it is told to stop.').action(
    async (options: SiteOptions) => (await import('./serve.ts')).serve(await settle(options)),
  );
  addSiteCommand(program, 'worker', "Run a site's replication apart from its servers.").action(
    async (options: SiteOptions) => (await import('./serve.ts')).work(await settle(options)),
  );
  addSiteCommand(program, 'migrate', "Bring the database's tables up to date, and end.").action(
    async (options: SiteOptions) => (await import('./serve.ts')).migrate(await settle(options)),
  );
  program
    .command('demo')
    .description('Run a primary and secondaries on this machine, to try things out.')
    .option('--sites <number>', 'how many sites', '2')
    .option('--port <number>', 'port of the primary; the others have the next ones', '5000')
    .action(async (options: { sites: string; port: string }) => {
      await (await import('./demo.ts')).runDemo(options);
    });
  program
    .command('demo-site', { hidden: true })
    .description('A site of the demo.')
    .action(async () => (await import('./demo/witness.ts')).serveWitnessed(await settle({})));
  program
    .command('prepare', { hidden: true })
    .description('Make in advance what takes most of a first start.')
    .action(async () => (await import('./serve.ts')).prepareFirstStarts());
  program
    .command('docs', { hidden: true })
    .description('Write docs/configuration.md and docs/errors.md.')
    .action(async () => (await import('./docs.ts')).writeDocs());
}

interface SiteOptions {
  readonly config?: string;
}

function addSiteCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--config <file>', 'YAML file of settings; the environment wins over it');
}

function settle({ config }: SiteOptions): Promise<Config> {
  return loadConfig(config ?? processEnvironment()[CLIENT_VARIABLES.config]);
}

/** Says what went wrong: 2 where the person asked for the impossible, 1 where it failed. */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof ConfigError) {
    for (const mistake of error.mistakes) process.stderr.write(`meridian: ${mistake}\n`);
    return 2;
  }
  process.stderr.write(`meridian: ${describe(error)}\n`);
  return 1;
}

/** The error's own sentence and that of what caused it. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}

try {
  const program = await buildProgram(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
