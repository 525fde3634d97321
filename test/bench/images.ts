/** A real image of ten layers of 8 MiB, pushed and pulled with skopeo. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { writeLayout } from '../support/images/image.ts';
import { median } from './load.ts';
import type { Stand } from './stand.ts';
import { type Row, ratioRow } from './table.ts';
import { warmMachine } from './warm.ts';

const run = promisify(execFile);
const ROUNDS = 9;
const LAYER_BYTES = 8 * 1024 * 1024;

const IMAGE = {
  architecture: 'amd64',
  layers: Array.from({ length: 10 }, (_, layer) => ({ [`files/${layer}`]: LAYER_BYTES })),
};

export async function benchImages(ours: Stand, peer: Stand, folder: string): Promise<Row[]> {
  const seconds = new Map([ours, peer].map((stand) => [stand, { push: [0], pull: [0] }]));
  for (const times of seconds.values()) Object.assign(times, { push: [], pull: [] });
  for (let round = 0; round < ROUNDS; round++) {
    const { directory } = await writeLayout(folder, `image-${round}`, [IMAGE]);
    // In turns, since whoever comes first meets the disk while it still writes the image down.
    for (const stand of round % 2 === 0 ? [ours, peer] : [peer, ours]) {
      const there = `${new URL(stand.server.url).host}/bench/image:${round}`;
      const times = seconds.get(stand)!;
      times.push.push(await copy(stand, `oci:${directory}`, `docker://${there}`));
      times.pull.push(await copy(stand, `docker://${there}`, `dir:${directory}-pulled`));
      await rm(`${directory}-pulled`, { recursive: true });
    }
    await rm(directory, { recursive: true });
  }
  return (['push', 'pull'] as const).map((what) => {
    const perMinute = (stand: Stand) => 60 / median(seconds.get(stand)![what]);
    const rates = { ours: perMinute(ours), peer: perMinute(peer), unit: 'images/min' };
    return ratioRow(`skopeo ${what}, ten layers`, rates, 1);
  });
}

async function copy(stand: Stand, from: string, to: string): Promise<number> {
  const { credentials } = stand.client;
  const side = from.startsWith('docker:') ? 'src' : 'dest';
  const login = credentials
    ? [`--${side}-creds`, `${credentials.user}:${credentials.password}`]
    : [];
  await warmMachine();
  const started = performance.now();
  await run('skopeo', ['copy', '-q', `--${side}-tls-verify=false`, ...login, from, to]);
  return (performance.now() - started) / 1000;
}
