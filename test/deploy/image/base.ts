/**
 * What `deploy/Dockerfile` begins with, made on this machine: a Debian of the mirrors that its apt
 * knows, with its Node and npm in `/usr/local`, as in the image that the Dockerfile names.
 */
import { cp, mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from '../../support/programs/commands.ts';

export const BASE = 'node:20-bookworm-slim';
const SUITE = 'bookworm';
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

/** Ten minutes: the machine may be slow, and the mirrors too. */
const TIMEOUT_MS = 600_000;

/** @returns the folder of the root */
export async function makeBase(folder: string): Promise<string> {
  const root = join(folder, 'root');
  const options = ['--variant=minbase', '--include=ca-certificates', '--format=directory'];
  await run(['mmdebstrap', ...options, SUITE, root], { timeoutMs: TIMEOUT_MS });
  const [bin, modules] = [join(root, 'usr/local/bin'), join(root, 'usr/local/lib/node_modules')];
  await mkdir(modules, { recursive: true });
  await cp(process.execPath, join(bin, 'node'));
  const ownModules = (await run(['npm', 'root', '--global'])).trim();
  await cp(join(ownModules, 'npm'), join(modules, 'npm'), { recursive: true });
  for (const name of ['npm', 'npx']) {
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(bin, name));
  }
  await takeOverNetwork(root);
  return root;
}

/** How this machine reaches its registry of packages is how the build does. */
async function takeOverNetwork(root: string): Promise<void> {
  await cp(CERTIFICATES, join(root, CERTIFICATES)).catch(() => undefined);
  const settings = (await run(['npm', 'config', 'get', 'globalconfig'])).trim();
  const target = join(root, 'usr/local/etc/npmrc');
  await mkdir(dirname(target), { recursive: true });
  await cp(settings, target).catch(() => undefined);
}
