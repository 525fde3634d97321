/**
 * `npm run bench:geo [-- MiB]`: what several sites promise of transfers, measured over a line that
 * is made in userland. Ends with 1 where the bar is missed.
 */
import { compareRanges } from './ranges.ts';

const MIB = 1024 * 1024;
const LEAST_RATIO = 3;

async function main(mib = '64'): Promise<void> {
  const near = await compareRanges(256 * MIB);
  print('256 MiB over loopback', near);
  const far = await compareRanges(Number(mib) * MIB, { roundTripMs: 100, loss: 0.001 });
  print(`${mib} MiB, 100 ms round trip, 0.1 % loss`, far);
  process.exitCode = far.streamSeconds / far.rangesSeconds >= LEAST_RATIO ? 0 : 1;
}

function print(name: string, figures: { streamSeconds: number; rangesSeconds: number }): void {
  const { streamSeconds, rangesSeconds } = figures;
  const ratio = (streamSeconds / rangesSeconds).toFixed(2);
  const [stream, ranges] = [streamSeconds, rangesSeconds].map((seconds) => seconds.toFixed(2));
  process.stdout.write(`${name}: one stream ${stream} s, by ranges ${ranges} s, ratio ${ratio}\n`);
}

await main(process.argv[2]);
