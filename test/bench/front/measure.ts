/** Reads of blobs through nginx, beside nginx alone. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '../../conformance/client.ts';
import { contentOf, Fixtures } from '../../conformance/fixtures.ts';
import { Repository } from '../../conformance/repository.ts';
import { type NginxStand, openNginxStand } from '../../deploy/nginx-stand.ts';
import { ADMIN } from '../../support/programs/program.ts';
import { download, upload } from '../load.ts';
import { cpuSecondsOf } from '../process-figures.ts';
import { warmMachine } from '../warm.ts';
import { startNginxAlone } from './alone.ts';

/** Seconds of processor time for a GiB. */
export interface Costs {
  /** nginx and the site behind it. */
  readonly both: number;
  /** nginx with the same file, and nobody asked who may have it. */
  readonly alone: number;
}

const MIB = 1024 * 1024;
const BLOB_MIB = 512;
const READS = 8;

interface Wanted {
  readonly url: string;
  readonly headers: readonly string[];
}

/** Reads 4 GiB in blobs of 512 MiB, one after another and of the two in turns. */
export async function measureReads(folder: string): Promise<Costs> {
  const stand = await openNginxStand();
  try {
    const { wanted, path } = await pushBlob(stand, folder);
    await using alone = await startNginxAlone(join(folder, 'alone'), join(stand.blobs, path));
    const [front, site] = [stand.front.pid, stand.site.process.pid!];
    const sides = [
      { wanted, pids: [front, site], seconds: 0 },
      { wanted: { url: alone.url.href, headers: [] }, pids: [alone.pid], seconds: 0 },
    ];
    for (const { wanted: first } of sides) await download(first.url, first.headers);
    for (let round = 0; round < READS; round++) {
      for (const side of sides) side.seconds += await costOf(side.wanted, side.pids);
    }
    const [both, bare] = sides.map(({ seconds }) => seconds / ((READS * BLOB_MIB) / 1024));
    return { both: both!, alone: bare! };
  } finally {
    await stand.close();
  }
}

async function costOf({ url, headers }: Wanted, pids: readonly number[]): Promise<number> {
  const used = () => pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
  const before = used();
  await download(url, headers);
  return used() - before;
}

/** @returns how it is read, and where it lies below the folder of blobs */
async function pushBlob(
  { front }: NginxStand,
  folder: string,
): Promise<{ readonly wanted: Wanted; readonly path: string }> {
  const fixtures = new Fixtures('front');
  const content = contentOf(fixtures.bytes(BLOB_MIB * MIB));
  const file = join(folder, 'read-behind-nginx');
  await writeFile(file, content.bytes);
  const client = new Client(front.url, ADMIN);
  const repository = new Repository(client, 'bench/blobs', fixtures);
  const target = new URL(await repository.openUpload());
  target.searchParams.set('digest', content.digest);
  const url = new URL(repository.path(`blobs/${content.digest}`), front.url);
  const headers = Object.entries(await client.headersFor(url)).map(
    ([name, value]) => `${name}: ${String(value)}`,
  );
  await warmMachine();
  await upload(target.href, file, headers);
  const hex = content.digest.slice('sha256:'.length);
  const path = join('sha256', hex.slice(0, 2), hex);
  return { wanted: { url: url.href, headers }, path };
}
