/**
 * Tests that need what this machine lacks. They are skipped with a reason, counted and named at the
 * end of the run; `mocha --forbid-pending` makes failures of them.
 */
import Mocha from 'mocha';

/** Skips this test, or every test of the suite whose hook this is; the title says why. */
export function skip(context: Mocha.Context, reason: string): never {
  const { test, currentTest } = context;
  // In a hook, `test` is the hook itself and what it stands before is skipped with it.
  const skipped = currentTest ?? (test instanceof Mocha.Test ? test : test?.parent);
  // The one word of ours that a process of a parallel run hands on to the one that reports.
  if (skipped) skipped.title += ` (${reason})`;
  return context.skip();
}
