/** A server that outlived its owner: killed at the wrong moment, or where no `setpriv` is. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

const LOOK_EACH_MS = 20;
/** A fast shutdown writes a checkpoint; later it is stopped without one, and recovers. */
const PATIENCE_MS = 20_000;

/**
 * Stops the server that still runs on these files, where one does; returns when it is gone. One
 * that was killed a moment ago is waited for: the next one refuses to start while its id exists.
 */
export async function stopOrphan(cluster: string): Promise<void> {
  const pid = await readPid(cluster);
  if (pid === undefined) return;
  const lastMoment = Date.now() + PATIENCE_MS;
  let state = await stateOf(pid, cluster);
  if (state === 'running') process.kill(pid, 'SIGINT');
  while (state === 'running' || (state === 'ending' && Date.now() < lastMoment)) {
    await wait(LOOK_EACH_MS);
    if (state === 'running' && Date.now() > lastMoment) process.kill(pid, 'SIGQUIT');
    state = await stateOf(pid, cluster);
  }
}

/** The first line of `postmaster.pid` is the server's id. */
async function readPid(cluster: string): Promise<number | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return pid > 1 ? pid : undefined;
}

/**
 * The file may be old and its number another program's by now, so the words that it was started
 * with must name our files. A process that ends has no words any more, until its parent took note.
 */
async function stateOf(pid: number, cluster: string): Promise<'running' | 'ending' | 'gone'> {
  const command = await readCommand(pid);
  if (command.split(' ').includes(cluster)) return 'running';
  return command === '' && exists(pid) ? 'ending' : 'gone';
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
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
