import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { FilesystemSecretKeyStore } from '../../../src/storage/filesystem/secret-key.ts';

describe('the file with the key of the cluster', () => {
  let folder: string;
  let file: string;
  let store: FilesystemSecretKeyStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'meridian-key-'));
    file = join(folder, 'secret-key');
    store = new FilesystemSecretKeyStore(folder);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is its owner’s alone, and leaves nothing beside it', async () => {
    for (const keep of ['establish', 'establish', 'replace'] as const) {
      await store[keep](Buffer.alloc(32, 7));
      expect((await stat(file)).mode & 0o777).to.equal(0o600);
      expect(await readdir(folder)).to.deep.equal(['secret-key']);
    }
  });

  it('reads as MERIDIAN_SECRET_KEY is given', async () => {
    await store.establish(Buffer.alloc(32, 255));
    expect(await readFile(file, 'utf8')).to.equal(`${'_'.repeat(42)}8\n`);
  });

  it('is refused in one sentence where it holds something else', async () => {
    for (const text of ['', 'short', 'x'.repeat(80)]) {
      await writeFile(file, text);
      const failure = await store.find().catch((error: unknown) => error);
      expect(failure).to.be.instanceOf(Error);
      expect((failure as Error).message).to.equal(
        `${file} holds no key of 32 bytes: restore it, or take it away and give the passwords of ` +
          'upstreams anew.',
      );
    }
  });
});
