/**
 * As whom PostgreSQL runs. It refuses root, and it must die with us even on kill -9.
 *
 *     not root                    as we are
 *     root, user namespaces       mapped: nobody inside the namespace, the files stay root's
 *     root, none                  uid 65534, to whom the files are given
 *
 * `setpriv --pdeathsig INT` asks the kernel to stop the server when our process ends. Where that
 * program is not there (macOS), a server left behind is stopped at the next start.
 */
import { chown, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './run.ts';

export interface ServerAccount {
  /** Words to put before the program. */
  readonly prefix: readonly string[];
  /** Who must own the files, as seen by us. */
  readonly uid: number;
}

const NOBODY = 65534;
const DIE_WITH_US = ['setpriv', '--pdeathsig', 'INT'];
const MAPPED = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`];
const AS_NOBODY = ['--reuid', `${NOBODY}`, '--regid', `${NOBODY}`, '--clear-groups'];

/** Tries, in this order, what the machine allows. @throws Error where root can do neither. */
export async function chooseAccount(): Promise<ServerAccount> {
  const uid = process.getuid?.() ?? 0;
  if (uid !== 0) return { prefix: (await works(DIE_WITH_US)) ? DIE_WITH_US : [], uid };
  const mapped = [...MAPPED, ...DIE_WITH_US];
  if (await works(mapped)) return { prefix: mapped, uid };
  const asNobody = [...DIE_WITH_US, ...AS_NOBODY];
  if (await works(asNobody)) return { prefix: asNobody, uid: NOBODY };
  throw new Error(
    'PostgreSQL refuses to run as root, and neither unshare nor setpriv works here: ' +
      'start as another user, or name a running server in DATABASE_URL.',
  );
}

/** Gives the folder and all in it to the account, where it is not its own already. */
export async function giveTo(account: ServerAccount, directory: string): Promise<void> {
  const { uid } = await lstat(directory);
  if (uid === account.uid || process.getuid?.() !== 0) return;
  const entries = await readdir(directory, { recursive: true });
  for (const entry of entries) await giveOne(account, join(directory, entry));
  // The folder itself comes last: a start that was cut off in the middle begins again.
  await giveOne(account, directory);
}

async function giveOne(account: ServerAccount, path: string): Promise<void> {
  await chown(path, account.uid, account.uid);
}

async function works(prefix: readonly string[]): Promise<boolean> {
  return run([...prefix, 'true']).then(
    () => true,
    () => false,
  );
}
