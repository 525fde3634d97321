/** A server that outlived its owner: killed at the wrong moment, or where no `setpriv` is. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

const LOOK_EACH_MS = 20;
/** A fast shutdown writes a checkpoint; past this it is stopped without one, and recovers later. */
const PATIENCE_MS = 20_000;

/** Stops the server that still runs on these files, where one does; returns when it is gone. */
export async function stopOrphan(cluster: string): Promise<void> {
  const pid = await findServer(cluster);
  if (pid === undefined) return;
  const lastMoment = Date.now() + PATIENCE_MS;
  process.kill(pid, 'SIGINT');
  while ((await findServer(cluster)) === pid) {
    if (Date.now() > lastMoment) process.kill(pid, 'SIGQUIT');
    await wait(LOOK_EACH_MS);
  }
}

/**
 * The first line of `postmaster.pid` is the server's id. The file may be old and its number another
 * program's by now, so the words that it was started with must name our files.
 */
async function findServer(cluster: string): Promise<number | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  if (!(pid > 1)) return undefined;
  const isOurs = (await readCommand(pid)).split(' ').includes(cluster);
  return isOurs ? pid : undefined;
}

async function readCommand(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return words.replaceAll('\0', ' ');
  }
  const ps = promisify(execFile)('ps', ['-p', String(pid), '-o', 'command=']);
  return ps.then(
    ({ stdout }) => stdout.trim(),
    () => '',
  );
}
