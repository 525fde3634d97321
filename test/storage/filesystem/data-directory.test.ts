import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { DataDirectoryLock } from '../../../src/storage/filesystem/data-directory.ts';

const MODULE = new URL('../../../src/storage/filesystem/data-directory.js', import.meta.url);

/** Another process that takes the directory and keeps it. */
async function startHolder(directory: string) {
  const program = `
    import { DataDirectoryLock } from ${JSON.stringify(fileURLToPath(MODULE))};
    await DataDirectoryLock.open(${JSON.stringify(directory)});
    process.stdout.write('held');
    process.stdin.resume();`;
  const words = ['--input-type=module', '--eval', program];
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

async function explain(directory: string): Promise<string> {
  try {
    await (await DataDirectoryLock.open(directory)).close();
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

describe('DataDirectoryLock', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'meridian-lock-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('creates the directory and takes it', async () => {
    const inside = join(directory, 'data', 'of', 'lisbon');
    const lock = await DataDirectoryLock.open(inside);
    expect(await explain(inside)).to.match(/^Process \d+ on .* has the data directory .* open/);
    await lock.close();
    await lock.close();
    expect(await explain(inside)).to.equal('');
  });

  it('refuses a directory that another process has, and names it', async () => {
    const holder = await startHolder(directory);
    const message = await explain(directory);
    expect(message).to.contain(`Process ${holder.pid} on `).and.to.contain(directory);
    expect(message).to.contain('MERIDIAN_DATA');
    holder.kill('SIGTERM');
    await once(holder, 'exit');
  });

  it('is not fooled by what a killed process left behind', async () => {
    const holder = await startHolder(directory);
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    expect(await explain(directory)).to.equal('');
  });

  it('gives the directory to one of many that start at once', async () => {
    const tries = Array.from({ length: 8 }, () => DataDirectoryLock.open(directory));
    const outcomes = await Promise.allSettled(tries);
    const locks = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(locks.length).to.equal(1);
    await locks[0]!.value.close();
  });
});
