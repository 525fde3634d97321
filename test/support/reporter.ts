/**
 * Mocha's usual report, then each skipped test by name, then the three numbers as the last line.
 */
import Mocha from 'mocha';

const { EVENT_RUN_END, EVENT_TEST_PENDING } = Mocha.Runner.constants;

export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const skipped: Mocha.Test[] = [];
    runner.on(EVENT_TEST_PENDING, (test) => void skipped.push(test));
    // Behind the listener of Spec, which prints the failures.
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures } = this.stats;
      const lines = skipped.map((test) => `  skipped: ${test.fullTitle()}`);
      lines.push(`${passes} passed, ${failures} failed, ${skipped.length} skipped`);
      Mocha.reporters.Base.consoleLog(lines.join('\n'));
    });
  }
}
