/** How soon the console is usable that a browser opens for the first time, with two sites. */
import { keepSession, openFresh, openSites, watchWork } from '../console/first-load.ts';
import { openStand, pushImages } from '../console/stand.ts';
import { median } from './load.ts';
import { limitRow, type Row } from './table.ts';
import { warmMachine } from './warm.ts';

const LOADS = 9;

export async function benchConsole(): Promise<Row[]> {
  const stand = await openStand();
  try {
    await pushImages(stand);
    const session = await keepSession(stand);
    const [seconds, work]: [number[], number[]] = [[], []];
    await warmMachine();
    for (let load = 0; load < LOADS; load += 1) {
      const { page, close } = await openFresh(stand, session);
      const watched = await watchWork(page);
      const begun = performance.now();
      await openSites(page, stand);
      seconds.push((performance.now() - begun) / 1000);
      work.push(await watched.readSeconds());
      await close();
    }
    return [
      limitRow('console, usable at a first load', { ours: median(seconds), unit: 's' }, 1),
      limitRow('console, work of its page until then', { ours: median(work), unit: 's' }, 0.5),
    ];
  } finally {
    await stand.close();
  }
}
