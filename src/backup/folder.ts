/**
 * What a backup looks like on disk.
 *
 *     <folder>/meridian-backup.json     whose facts, as of when, hashes of its files; the last
 *     <folder>/facts-<time>/<table>.gz  rows, one JSON array of texts a line
 *     <folder>/secret-key               key of the cluster, where the site keeps it beside its data
 *     <folder>/content/                 blobs by digest, as a site keeps them itself
 *
 * A folder may be used again: blobs that are there are not copied twice, and the facts of before
 * count until the new ones are whole.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import type { Digest } from '../oci/digest.ts';
import type {
  ArchivedRow,
  ArchivedSite,
  ArchivedTable,
  FactReading,
} from '../storage/backup/fact-archive.ts';

const FORMAT = 1;
const SUMMARY = 'meridian-backup.json';
const FACTS = 'facts-';
/** It holds the site's private key and the hashes of passwords. */
const OWNER_ONLY = { file: 0o600, folder: 0o700 };
const ROWS = 500;

interface KeptTable extends ArchivedTable {
  readonly sha256: string;
}

export interface Summary {
  readonly format: number;
  readonly version: string;
  readonly takenAt: string;
  readonly site: ArchivedSite;
  /** Whether the blobs are kept here, too. */
  readonly hasContent: boolean;
  /** Blobs that the site had lost itself. */
  readonly lost: readonly Digest[];
  readonly facts: string;
  readonly tables: readonly KeptTable[];
}

export class BackupFolder {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Where a blob store keeps the blobs. */
  get content(): string {
    return join(this.#path, 'content');
  }

  get secretKeyFolder(): string {
    return this.#path;
  }

  async make(): Promise<void> {
    await mkdir(this.#path, { recursive: true, mode: OWNER_ONLY.folder });
  }

  /** Writes all tables into a folder of their own. @returns its name, and what lies in it */
  async writeFacts(reading: FactReading, time: Date): Promise<Pick<Summary, 'facts' | 'tables'>> {
    const facts = `${FACTS}${time.toISOString().replaceAll(/[:.]/g, '-')}`;
    await mkdir(join(this.#path, facts), { mode: OWNER_ONLY.folder });
    const tables: KeptTable[] = [];
    for (const table of reading.tables) {
      const sha256 = await writeRows(join(this.#path, facts, table.name), reading.read(table));
      tables.push({ ...table, sha256 });
    }
    return { facts, tables };
  }

  /** From here on the backup is what this says; what came before goes. */
  async finish(summary: Omit<Summary, 'format'>): Promise<void> {
    const draft = join(this.#path, `${SUMMARY}.new`);
    await writeFile(draft, `${JSON.stringify({ format: FORMAT, ...summary }, undefined, 2)}\n`, {
      mode: OWNER_ONLY.file,
      flush: true,
    });
    await rename(draft, join(this.#path, SUMMARY));
    for (const entry of await readdir(this.#path)) {
      const isOld = entry.startsWith(FACTS) && entry !== summary.facts;
      if (isOld) await rm(join(this.#path, entry), { recursive: true });
    }
  }

  /** @throws Error in one sentence where there is no whole backup */
  async readSummary(): Promise<Summary> {
    const file = join(this.#path, SUMMARY);
    const text = await readFile(file, 'utf8').catch(() => {
      throw new Error(`there is no whole backup in ${this.#path}: it has no ${SUMMARY}`);
    });
    const summary = JSON.parse(text) as Summary;
    if (summary.format === FORMAT) return summary;
    throw new Error(`${file} has a format that this version does not know`);
  }

  /** Reads every file once, before anything is made of it. @throws Error naming what is damaged */
  async prove({ facts, tables }: Summary): Promise<void> {
    for (const { name, sha256 } of tables) {
      const file = join(this.#path, facts, `${name}.gz`);
      const hash = createHash('sha256');
      await pipeline(createReadStream(file), hash);
      if (hash.digest('hex') !== sha256) throw new Error(`${file} is damaged`);
    }
  }

  async *readRows({ facts }: Summary, { name }: ArchivedTable): AsyncGenerator<ArchivedRow[]> {
    const bytes = createReadStream(join(this.#path, facts, `${name}.gz`)).pipe(createGunzip());
    let rows: ArchivedRow[] = [];
    for await (const line of createInterface({
      input: bytes,
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      rows.push(JSON.parse(line) as ArchivedRow);
      if (rows.length < ROWS) continue;
      yield rows;
      rows = [];
    }
    if (rows.length > 0) yield rows;
  }
}

/** @returns the hash of the file, which is on the disk */
async function writeRows(
  name: string,
  batches: AsyncIterable<readonly ArchivedRow[]>,
): Promise<string> {
  const handle = await open(`${name}.gz`, 'wx', OWNER_ONLY.file);
  const hash = createHash('sha256');
  try {
    await pipeline(Readable.from(printLines(batches)), createGzip(), async (chunks) => {
      for await (const chunk of chunks as AsyncIterable<Buffer>) {
        hash.update(chunk);
        await handle.writeFile(chunk);
      }
    });
    await handle.sync();
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

async function* printLines(batches: AsyncIterable<readonly ArchivedRow[]>): AsyncGenerator<Buffer> {
  for await (const rows of batches) {
    yield Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  }
}
