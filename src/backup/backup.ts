/**
 * The order of a backup and of its way back.
 *
 * Facts are read first, in one state; then the blobs that they name are copied. A blob is in the
 * store before a fact names it, and stays there for a while after the last fact that named it went
 * (the window of the garbage collection), so everything that the facts name is there to be copied.
 * Whatever is pushed meanwhile is of the next backup. The way back has the blobs first.
 */
import type { Digest } from '../oci/digest.ts';
import type { FactArchive, FactReading } from '../storage/backup/fact-archive.ts';
import type { BlobStore } from '../storage/blob-store.ts';
import type { SecretKeyStore } from '../storage/secret-key.ts';
import { type Copied, copyBlobs } from './copy-blobs.ts';
import type { BackupFolder, Summary } from './folder.ts';

export interface BlobProgress {
  start(blobs: number): void;
  onBlob(): void;
}

export interface Parts {
  readonly folder: BackupFolder;
  readonly archive: FactArchive;
  /** The site's own. */
  readonly blobStore: BlobStore;
  readonly secretKeyStore: SecretKeyStore;
  /** Those in the folder; no blobs are copied where the first is absent. */
  readonly kept: { readonly blobStore?: BlobStore; readonly secretKeyStore: SecretKeyStore };
  /** Is told how many blobs there are, and of each that is copied or was there before. */
  readonly progress?: BlobProgress;
}

export interface BackupReport extends Copied {
  readonly site: string;
  readonly takenAt: string;
  readonly position: number;
}

const PAGE = 1000;

/**
 * Where a blob is lost at the site itself, the backup is made without it and says so.
 *
 * @throws Error in one sentence where it cannot be made; the backup of before stands then
 */
export async function backUp(
  parts: Parts,
  { now, version }: { readonly now: Date; readonly version: string },
): Promise<BackupReport> {
  const { folder, kept, blobStore, archive } = parts;
  await folder.make();
  const reading = await archive.open();
  try {
    const { site } = reading;
    if (site.role !== 'primary') {
      throw new Error(
        'this site is a secondary: it is not restored, but joins anew (docs/operations.md)',
      );
    }
    const facts = await folder.writeFacts(reading, now);
    const list = () => listBlobs(reading);
    const copied = kept.blobStore
      ? await copyAll(parts, { from: blobStore, to: kept.blobStore, list })
      : { blobs: 0, copied: 0, bytes: 0, lost: [] };
    const key = await parts.secretKeyStore.find();
    if (key) await kept.secretKeyStore.replace(key);
    const takenAt = now.toISOString();
    const hasContent = kept.blobStore !== undefined;
    await folder.finish({ version, takenAt, site, hasContent, lost: copied.lost, ...facts });
    return { site: site.site, takenAt, position: site.position, ...copied };
  } finally {
    await reading.close();
  }
}

/**
 * Puts a site where none is; one that was interrupted is begun again.
 *
 * @param mayLack whether it goes on although blobs of the backup are damaged
 * @throws Error in one sentence, and no site is there
 */
export async function restore(parts: Parts, mayLack: boolean): Promise<BackupReport> {
  const { folder, archive, kept } = parts;
  const summary = await folder.readSummary();
  await folder.prove(summary);
  const copied = await restoreContent(parts, summary);
  if (!mayLack) assertNoneLost(copied.lost);
  const key = await kept.secretKeyStore.find();
  if (key) await parts.secretKeyStore.replace(key);
  const { migrations, site } = summary.site;
  const read = folder.readRows.bind(folder, summary);
  const position = await archive.restore({ migrations, tables: summary.tables, read });
  const lost = [...summary.lost, ...copied.lost];
  return { site, takenAt: summary.takenAt, position, ...copied, lost };
}

async function restoreContent(parts: Parts, { hasContent }: Summary): Promise<Copied> {
  const { blobStore, kept } = parts;
  if (!hasContent || !kept.blobStore) return { blobs: 0, copied: 0, bytes: 0, lost: [] };
  const from = kept.blobStore;
  return copyAll(parts, { from, to: blobStore, list: () => listStored(from) });
}

interface WholeCopy {
  readonly from: BlobStore;
  readonly to: BlobStore;
  readonly list: () => AsyncIterable<Digest>;
}

/** Lists them twice where somebody looks on: how far it has come needs to know how far it goes. */
async function copyAll({ progress }: Parts, { from, to, list }: WholeCopy): Promise<Copied> {
  if (!progress) return copyBlobs({ from, to, digests: list() });
  let blobs = 0;
  for await (const _ of list()) blobs += 1;
  progress.start(blobs);
  return copyBlobs({ from, to, digests: list(), onBlob: () => progress.onBlob() });
}

function assertNoneLost(lost: readonly Digest[]): void {
  if (lost.length === 0) return;
  const what = `${lost.length} blobs of the backup are damaged, such as ${lost[0]}`;
  throw new Error(`${what}: --partial restores the rest`);
}

async function* listBlobs(reading: FactReading): AsyncGenerator<Digest> {
  for (let after: Digest | undefined; ; ) {
    const page = await reading.listBlobs({ limit: PAGE, ...(after ? { after } : {}) });
    yield* page;
    after = page.at(-1);
    if (page.length < PAGE) return;
  }
}

async function* listStored(store: BlobStore): AsyncGenerator<Digest> {
  for (let after: Digest | undefined; ; ) {
    const page = await store.list({ limit: PAGE, ...(after ? { after } : {}) });
    yield* page;
    after = page.at(-1);
    if (page.length === 0) return;
  }
}
