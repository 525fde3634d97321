/**
 * `npm run bench:geo [-- row …] [--small] [--gigabytes 50]`: what several sites promise, measured
 * with real processes over lines that are made in userland, as a table. Ends with 1 where a bar is
 * missed. Where the machine has another congestion control than Linux comes with it needs root
 * (`../network.ts`). The script starts Node as a site does: otherwise pulls wait for the garbage of
 * the load, which is collected in one go of 20 to 50 ms each second.
 */
import { inspect, parseArgs } from 'node:util';
import { runInUsualNetwork } from '../network.ts';
import { benchReadYourWrites } from './promises/c1-read-your-writes.ts';
import { benchBoundedAge } from './promises/c2-bounded-age.ts';
import { benchAlone } from './promises/c3-alone.ts';
import { benchColdPulls } from './promises/c5-cold-pulls.ts';
import { benchComplete } from './promises/c6-complete.ts';
import { benchChecksums } from './promises/c7-checksums.ts';
import { benchAnySite } from './promises/c10-any-site.ts';
import { benchBackfill } from './speed/backfill.ts';
import { benchBusy } from './speed/busy.ts';
import { benchInterrupted } from './speed/interrupted.ts';
import { benchPushToTag } from './speed/push-to-tag.ts';
import { benchRanges } from './speed/ranges.ts';
import { type BenchOptions, type GeoRow, printRows, type RunRow } from './table.ts';
import { benchWeekAway } from './week/away.ts';

const ROWS: Readonly<Record<string, RunRow>> = {
  'push-to-tag': benchPushToTag,
  backfill: benchBackfill,
  ranges: benchRanges,
  c1: benchReadYourWrites,
  c2: benchBoundedAge,
  c3: benchAlone,
  c4: benchInterrupted,
  c7: benchChecksums,
  c5: benchColdPulls,
  c6: benchComplete,
  c10: benchAnySite,
  c12: benchBusy,
  'week-away': benchWeekAway,
};

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { small: { type: 'boolean' }, gigabytes: { type: 'string', default: '50' } },
  });
  const options = { isSmall: values.small ?? false, gigabytes: Number(values.gigabytes) };
  const unknown = positionals.find((name) => !Object.hasOwn(ROWS, name));
  if (unknown) throw new Error(`no row ${unknown}; there are ${Object.keys(ROWS).join(', ')}`);
  const rows: GeoRow[] = [];
  for (const name of positionals.length > 0 ? positionals : Object.keys(ROWS)) {
    process.stderr.write(`${name} …\n`);
    rows.push(...(await measure(name, options)));
  }
  process.stdout.write(`${printRows(rows)}\n`);
  process.exitCode = rows.every((row) => row.isMet) ? 0 : 1;
}

/** A row that fails is no reason to lose the others. */
async function measure(name: string, options: BenchOptions): Promise<GeoRow[]> {
  try {
    return await ROWS[name]!(options);
  } catch (error) {
    process.stderr.write(`${inspect(error)}\n`);
    return [{ promise: name, done: String(error), figure: 'failed', bar: '', isMet: false }];
  }
}

await runInUsualNetwork(main);
