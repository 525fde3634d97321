import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FilesystemSecretKeyStore } from '../../../src/storage/filesystem/secret-key.ts';
import { MemorySecretKeyStore } from '../../../src/storage/memory/secret-key.ts';
import { describeSecretKeyStoreContract } from '../suites/virtual/secret-key.ts';

describeSecretKeyStoreContract('memory', async () => {
  const store = new MemorySecretKeyStore();
  return { store, reopen: () => store, close: async () => {} };
});
describeSecretKeyStoreContract('the file system', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-key-'));
  // A folder that the first key makes.
  const reopen = () => new FilesystemSecretKeyStore(join(folder, 'data'));
  const close = () => rm(folder, { recursive: true, force: true });
  return { store: reopen(), reopen, close };
});
