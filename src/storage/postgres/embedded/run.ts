/** Other programs, run to their end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** @throws Error, with what the program said in `stderr` */
export async function run(command: readonly string[]): Promise<void> {
  const [program, ...words] = command;
  await promisify(execFile)(program!, words);
}
