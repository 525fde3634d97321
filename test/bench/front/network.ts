/**
 * A network of its own for what measures processor time over the loopback.
 *
 * There a sender's time depends on the congestion control more than on the sender. Linux comes with
 * CUBIC; a machine that was set to BBR paces each line by a timer, whose work is charged to whoever
 * runs just then: nginx alone, with the same file and reader, then needs from 0.1 to 0.4 s for a
 * GiB, by chance.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

const SETTING = '/proc/sys/net/ipv4/tcp_congestion_control';
const AS_LINUX_COMES = 'cubic';

/** The setting belongs to the network, so the machine's own stays as it is. */
const ENTER = `ip link set lo up && echo ${AS_LINUX_COMES} > ${SETTING} && exec "$0" "$@"`;

/**
 * Runs a module of the bench with the congestion control that Linux comes with.
 * @returns what it printed
 * @throws Error where the machine has another one and this is not root
 */
export async function runAsLinuxComes(module: string, words: readonly string[]): Promise<string> {
  const command = [process.execPath, fileURLToPath(new URL(module, import.meta.url)), ...words];
  const isSet = (await readFile(SETTING, 'utf8')).trim() === AS_LINUX_COMES;
  const enter = isSet ? ['env'] : ['unshare', '--net', 'sh', '-c', ENTER];
  const [program, ...rest] = [...enter, ...command] as [string, ...string[]];
  return (await run(program, rest)).stdout;
}
