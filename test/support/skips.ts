/**
 * Tests that need what this machine lacks. They are skipped with a reason, counted and named at the
 * end of the run; `mocha --forbid-pending` makes failures of them.
 */
import Mocha from 'mocha';

const reasons = new Map<string, string>();

/** Skips this test, or every test of the suite whose hook this is. */
export function skip(context: Mocha.Context, reason: string): never {
  const { test, currentTest } = context;
  // In a hook, `test` is the hook itself and what it stands before is skipped with it.
  const skipped = currentTest ?? (test instanceof Mocha.Test ? test : test?.parent);
  if (skipped) reasons.set(skipped.fullTitle(), reason);
  return context.skip();
}

/** Why the test was skipped, where somebody said. */
export function findReason(test: Mocha.Test): string | undefined {
  const title = test.fullTitle();
  const known = [...reasons.keys()].find((skipped) => title.startsWith(skipped));
  return known === undefined ? undefined : reasons.get(known);
}
