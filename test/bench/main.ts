/**
 * `npm run bench [-- row …]`: Meridian beside Debian's docker-registry in one run, as a table.
 * Needs `docker-registry`, `wrk`, `curl`, `skopeo` and, for the console, `chromium` on the PATH.
 * Ends with 1 where a bar is missed. The start of a name means every row that begins so. Where the
 * machine has another congestion control than Linux comes with it needs root (`network.ts`).
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchBlobPushes, benchBlobReads, benchMemory } from './blobs.ts';
import { benchConsole } from './console.ts';
import { benchReadsBehindNginx } from './front/reads.ts';
import { benchImages } from './images.ts';
import { benchLists } from './lists.ts';
import { benchManifests } from './manifests.ts';
import { runInUsualNetwork } from './network.ts';
import { openOurs, openPeer, type Stand } from './stand.ts';
import { benchStarts } from './starts.ts';
import { printTable, type Row } from './table.ts';
import { benchEdits } from './tree/edits.ts';
import { benchTree } from './tree.ts';
import { VIRTUAL_ROWS } from './virtual/rows.ts';

interface Sides {
  readonly ours: Stand;
  readonly peer: Stand;
  readonly folder: string;
}

const ROWS: Record<string, (sides: Sides) => Promise<Row[]>> = {
  starts: () => benchStarts(),
  manifests: ({ ours, peer }) => benchManifests(ours, peer),
  reads: ({ ours, peer, folder }) => benchBlobReads(ours, peer, folder),
  pushes: ({ ours, peer, folder }) => benchBlobPushes(ours, peer, folder),
  images: ({ ours, peer, folder }) => benchImages(ours, peer, folder),
  memory: ({ ours, folder }) => benchMemory(ours, folder),
  lists: () => benchLists(),
  tree: () => benchTree(),
  edits: () => benchEdits(),
  front: ({ folder }) => benchReadsBehindNginx(folder),
  console: () => benchConsole(),
  ...VIRTUAL_ROWS,
};

/** @throws Error where no row begins so */
function rowsOf(word: string): string[] {
  const names = Object.keys(ROWS);
  const found = names.filter((name) => name === word || name.startsWith(`${word}-`));
  if (found.length === 0) throw new Error(`no row ${word}; there are ${names.join(', ')}`);
  return found;
}

async function main(words: readonly string[]): Promise<void> {
  const names = words.length > 0 ? words.flatMap(rowsOf) : Object.keys(ROWS);
  const folder = await mkdtemp(join(tmpdir(), 'bench-files-'));
  const rows: Row[] = [];
  let areAllMeasured = true;
  for (const name of names) {
    process.stderr.write(`${name} …\n`);
    try {
      rows.push(...(await measure(name, folder)));
    } catch (error) {
      // What the other rows found is worth its while all the same.
      process.stderr.write(`${name} was not measured: ${describeError(error)}\n`);
      areAllMeasured = false;
    }
  }
  await rm(folder, { recursive: true, force: true });
  process.stdout.write(`${printTable(rows)}\n`);
  process.exitCode = areAllMeasured && rows.every((row) => row.isMet) ? 0 : 1;
}

async function measure(name: string, folder: string): Promise<Row[]> {
  await using ours = await openOurs();
  await using peer = await openPeer();
  return await ROWS[name]!({ ours, peer, folder });
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

await runInUsualNetwork(() => main(process.argv.slice(2)));
