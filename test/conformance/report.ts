/** The result of a run as one JSON object, by the numbers of the lines. */
import Mocha from 'mocha';

export interface Report {
  readonly passed: readonly string[];
  readonly pending: readonly string[];
  /** Why a line failed, by its number. */
  readonly failed: Readonly<Record<string, string>>;
}

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } =
  Mocha.Runner.constants;

/** A line that takes several tests fails with any of them and passes only with all. */
export class JsonReport extends Mocha.reporters.Base {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const passed = new Set<string>();
    const pending = new Set<string>();
    const failed: Record<string, string> = {};
    runner.on(EVENT_TEST_PASS, (test) => passed.add(numberOf(test.title)));
    runner.on(EVENT_TEST_PENDING, (test) => pending.add(numberOf(test.title)));
    runner.on(EVENT_TEST_FAIL, (test, error: Error) => {
      failed[numberOf(test.title)] = `${test.title}: ${error.message}`;
    });
    runner.once(EVENT_RUN_END, () => {
      const report: Report = {
        passed: [...passed].filter((number) => !(number in failed)),
        pending: [...pending].filter((number) => !passed.has(number)),
        failed,
      };
      process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    });
  }
}

function numberOf(title: string): string {
  return title.split(' ', 1)[0] ?? title;
}
