/** What is said where a quota leaves no room. */
import { printPath, type Quota } from './policy.ts';

/** One sentence that names the quota, what is used of it, and what was wanted besides. */
export function quotaExceeded(quota: Quota, usedBytes: number, wantedBytes: number): string {
  const { path, limitBytes } = quota;
  return (
    `the quota of ${printPath(path)} is ${limitBytes} bytes, ` +
    `of which ${usedBytes} are used, and ${wantedBytes} more are wanted`
  );
}
