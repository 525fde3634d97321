/** Blob reads through nginx, which sends the files: processor time of it and the site together. */
import { limitRow, type Row } from '../table.ts';
import { measureReads } from './measure.ts';

export async function benchReadsBehindNginx(folder: string): Promise<Row[]> {
  const costs = await measureReads(folder);
  const row = limitRow(
    'blob reads behind nginx, both',
    { ours: costs.both, unit: 'CPU s/GiB' },
    0.15,
  );
  // Nobody who sends by nginx can be cheaper.
  return [{ ...row, peer: `nginx alone: ${costs.alone.toFixed(2)}` }];
}
