/** The same memory for whoever is measured. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const TOUCH_TWO_GIB = 'Buffer.alloc(2 ** 31, 1)';

/**
 * Touches the memory that the system will hand out next, and leaves the disk idle.
 *
 * A virtual machine gets memory from its host at the first touch. Whoever writes files there, `dd`
 * too, does 300 MB/s into memory that nobody had before, and 3 GB/s into memory that somebody had;
 * which of the two a round would meet is chance. What was written before, by whom ever, shall not
 * be waited for either: the peer syncs nothing.
 */
export async function warmMachine(): Promise<void> {
  await run('sync');
  await run(process.execPath, ['--eval', TOUCH_TWO_GIB]);
}
