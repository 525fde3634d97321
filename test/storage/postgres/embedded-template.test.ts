import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { chooseAccount } from '../../../src/storage/postgres/embedded/account.ts';
import { prepareCluster, prepareTemplate } from '../../../src/storage/postgres/embedded/cluster.ts';
import { findPrograms, type Programs } from '../../../src/storage/postgres/embedded/programs.ts';

describe('a cluster made in advance', () => {
  let directory: string;
  let programs: Programs;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'meridian-template-'));
    const template = join(directory, 'cache', 'cluster');
    programs = { ...(await findPrograms(process.env['PATH'] ?? '')), template };
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const prepare = async (of: Programs) => {
    const dataDirectory = join(directory, 'data');
    await mkdir(dataDirectory, { recursive: true });
    return prepareCluster({ dataDirectory, programs: of, account: await chooseAccount() });
  };

  it('is copied by a first start, for its owner alone', async () => {
    await prepareTemplate({ programs, account: await chooseAccount() });
    const cluster = await prepare({ ...programs, initdb: '/bin/false' });
    const files = await readdir(cluster, { recursive: true, withFileTypes: true });
    expect(files.map(({ name }) => name)).to.include.members(['PG_VERSION', 'pg_control']);
    const modes = files.map(async (file) => {
      const { mode } = await stat(join(file.parentPath, file.name));
      return mode & 0o077;
    });
    expect(new Set(await Promise.all(modes))).to.deep.equal(new Set([0]));
  });

  it('is made once, whole or not at all', async () => {
    const account = await chooseAccount();
    const failing = prepareTemplate({ programs: { ...programs, initdb: '/bin/false' }, account });
    expect(await failing.catch((error: unknown) => error)).to.be.instanceOf(Error);
    expect(await readdir(join(directory, 'cache'))).to.deep.equal([]);
    await prepareTemplate({ programs, account });
    await prepareTemplate({ programs: { ...programs, initdb: '/bin/false' }, account });
    expect(await readdir(join(directory, 'cache'))).to.deep.equal(['cluster']);
  });

  it('is done without where there is none', async () => {
    const cluster = await prepare(programs);
    expect(await readdir(cluster)).to.include('PG_VERSION');
  });
});
