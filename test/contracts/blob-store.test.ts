import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { FilesystemBlobStore } from '../../src/storage/filesystem/blob-store.ts';
import { MemoryBlobStore } from '../../src/storage/memory/blob-store.ts';
import { openSwiftBlobStore } from '../support/swift-bucket.ts';
import { describeBlobStoreContract } from './suites/blob-store.ts';

describeBlobStoreContract('memory', async () => {
  const store = new MemoryBlobStore({ clock: systemClock });
  return { store, other: store, close: async () => undefined };
});

describeBlobStoreContract('file system', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'meridian-blobs-'));
  return {
    store: await FilesystemBlobStore.open({ folder }),
    other: await FilesystemBlobStore.open({ folder }),
    close: () => rm(folder, { recursive: true }),
  };
});

describeBlobStoreContract('S3', openSwiftBlobStore, { isFollowed: false });
