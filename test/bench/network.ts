/**
 * A network of its own for the benches, as Linux comes.
 *
 * Over the loopback a sender's time depends on the congestion control more than on the sender.
 * Linux comes with CUBIC; a machine that was set to BBR paces each line by a timer, whose work is
 * charged to whoever runs just then: nginx alone, with the same file and reader, then needs from
 * 0.1 to 0.4 s for a GiB, by chance.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

const SETTING = '/proc/sys/net/ipv4/tcp_congestion_control';
const AS_LINUX_COMES = 'cubic';

/** The setting belongs to the network, so the machine's own stays as it is. */
const ENTER = `ip link set lo up && echo ${AS_LINUX_COMES} > ${SETTING} && exec "$0" "$@"`;

/** Runs a program's work there: in a process of its own where the machine is set otherwise. */
export async function runInUsualNetwork(work: () => Promise<void>): Promise<void> {
  const isUsual = (await readFile(SETTING, 'utf8')).trim() === AS_LINUX_COMES;
  if (isUsual) await work();
  else process.exitCode = await runAgain();
}

/** The same program with the congestion control that Linux comes with; needs root. */
async function runAgain(): Promise<number> {
  const { execArgv, argv } = process;
  const words = ['--net', 'sh', '-c', ENTER, argv[0]!, ...execArgv, ...argv.slice(1)];
  const [code] = await once(spawn('unshare', words, { stdio: 'inherit' }), 'exit');
  return code ?? 1;
}
