/**
 * Runs the suite against any registry:
 *
 *     npm run conformance -- --url http://127.0.0.1:5000 --user admin --password …
 *
 * Prints each line, then what failed; ends with 1 where anything did. `--json` prints one JSON
 * object instead, for programs.
 */
import { Command } from 'commander';
import Mocha from 'mocha';
import Reporter from '../support/reporter.ts';
import { JsonReport } from './report.ts';
import type { Target } from './stage.ts';
import { describeDistribution } from './suite.ts';

interface Options {
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  readonly seed: string;
  readonly grep?: string;
  readonly json?: boolean;
}

const options = new Command('conformance')
  .description('Checks a registry against the distribution specification, line by line.')
  .requiredOption('--url <url>', 'where the registry listens, such as http://127.0.0.1:5000')
  .option('--user <name>', 'an account that may do everything; none for an open registry')
  .option('--password <password>', 'its password')
  .option('--seed <text>', 'makes names and content', Date.now().toString(36))
  .option('--grep <pattern>', 'only the lines whose title matches')
  .option('--json', 'print the result as JSON')
  .parse()
  .opts<Options>();

/** The suite registers its tests while it is loaded, so mocha's words must be global before. */
function registerSuite(mocha: Mocha): void {
  mocha.suite.emit(Mocha.Suite.constants.EVENT_FILE_PRE_REQUIRE, globalThis, '', mocha);
  const target: Target = { url: new URL(options.url), ...credentials() };
  describeDistribution(target.url.host, {
    open: () => Promise.resolve(target),
    seed: options.seed,
  });
}

function credentials(): Pick<Target, 'credentials'> {
  const { user, password } = options;
  return user === undefined ? {} : { credentials: { user, password: password ?? '' } };
}

const mocha = new Mocha({
  timeout: 30_000,
  reporter: options.json ? JsonReport : Reporter,
  ...(options.grep === undefined ? {} : { grep: options.grep }),
});
registerSuite(mocha);
mocha.run((failures) => {
  process.exitCode = failures > 0 ? 1 : 0;
});
