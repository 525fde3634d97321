/** The suite as a program of its own, run to its end. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Credentials } from './client.ts';
import type { Report } from './report.ts';

const MAIN = fileURLToPath(new URL('main.js', import.meta.url));

const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

/**
 * It ends with 1 where a line failed, which is no error here: what it printed counts.
 *
 * @param pattern of the titles of the lines that are wanted; without it, all are
 */
export async function runSuite(
  url: URL,
  credentials?: Credentials,
  pattern?: string,
): Promise<Report> {
  const words = ['--url', url.href, '--json'];
  if (pattern !== undefined) words.push('--grep', pattern);
  if (credentials) words.push('--user', credentials.user, '--password', credentials.password);
  const run = promisify(execFile)(process.execPath, [MAIN, ...words], {
    maxBuffer: MAX_OUTPUT_BYTES,
  });
  const { stdout } = await run.catch((error: { stdout: string }) => error);
  return JSON.parse(stdout) as Report;
}
