/**
 * A cluster made in advance, which first starts copy: `initdb` takes a second, a copy a tenth of
 * one. It is what `initdb` makes on this machine with these very programs, as PostgreSQL's own
 * tests have it (`INITDB_TEMPLATE`), and it holds no secret: whoever may read it learns nothing.
 *
 *     node_modules/.cache/meridian/cluster-<version of the programs>/
 */
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { run } from './run.ts';

/** @param make makes a cluster in an empty folder */
export async function makeTemplate(
  template: string,
  make: (draft: string) => Promise<void>,
): Promise<void> {
  if (await isThere(template)) return;
  const draft = `${template}.${process.pid}`;
  await mkdir(dirname(template), { recursive: true });
  try {
    await mkdir(draft, { mode: 0o700 });
    await make(draft);
    // Whoever may run the program may copy it, and then it is theirs alone.
    await run(['chmod', '-R', 'a+rX', draft]);
    await rename(draft, template);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Copies it into an empty folder, for its owner alone. @returns whether there was one to copy. */
export async function copyTemplate(template: string, draft: string): Promise<boolean> {
  if (!(await isThere(template))) return false;
  const copy = 'umask 077 && exec cp -R "$1/." "$2"';
  return run(['sh', '-c', copy, 'sh', template, draft]).then(
    () => true,
    () => false,
  );
}

export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
