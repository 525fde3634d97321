/** Blob reads through nginx, which sends the files: processor time of it and the site together. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '../../conformance/client.ts';
import { contentOf, Fixtures } from '../../conformance/fixtures.ts';
import { Repository } from '../../conformance/repository.ts';
import { openNginxStand } from '../../deploy/nginx-stand.ts';
import { ADMIN } from '../../support/programs/program.ts';
import { download, upload } from '../load.ts';
import { cpuSecondsOf } from '../process-figures.ts';
import { limitRow, type Row } from '../table.ts';
import { warmMachine } from '../warm.ts';

const MIB = 1024 * 1024;
const READS = 8;

/** Reads 4 GiB in blobs of 512 MiB, one after another, as the row of the site alone does. */
export async function benchReadsBehindNginx(folder: string): Promise<Row[]> {
  const stand = await openNginxStand();
  try {
    const fixtures = new Fixtures('front');
    const content = contentOf(fixtures.bytes(512 * MIB));
    const file = join(folder, 'read-behind-nginx');
    await writeFile(file, content.bytes);
    const client = new Client(stand.front.url, ADMIN);
    const repository = new Repository(client, 'bench/blobs', fixtures);
    const upstream = await repository.openUpload();
    const target = new URL(upstream);
    target.searchParams.set('digest', content.digest);
    const url = new URL(repository.path(`blobs/${content.digest}`), stand.front.url);
    const headers = Object.entries(await client.headersFor(url)).map(
      ([name, value]) => `${name}: ${String(value)}`,
    );
    await warmMachine();
    await upload(target.href, file, headers);
    await download(url.href, headers);
    const used = () => cpuSecondsOf(stand.front.pid) + cpuSecondsOf(stand.site.process.pid!);
    const before = used();
    for (let i = 0; i < READS; i++) await download(url.href, headers);
    const ours = (used() - before) / ((READS * 512) / 1024);
    return [limitRow('blob reads behind nginx, both', { ours, unit: 'CPU s/GiB' }, 0.15)];
  } finally {
    await stand.close();
  }
}
