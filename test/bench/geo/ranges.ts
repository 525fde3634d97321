/** One blob over a long line with losses: by a single stream, and by closed ranges. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock as clock } from '../../../src/clock.ts';
import { digestOf } from '../../../src/oci/digest.ts';
import { parseRange, printContentRange } from '../../../src/oci/range.ts';
import type { RepositoryName } from '../../../src/oci/reference.ts';
import { Line } from '../../../src/storage/distribution/line.ts';
import { RangedUpstream } from '../../../src/storage/distribution/ranges.ts';
import { DistributionUpstream } from '../../../src/storage/distribution/upstream.ts';
import type { Upstream } from '../../../src/storage/upstream.ts';
import { openLongLine } from './long-line.ts';

export interface Comparison {
  readonly streamSeconds: number;
  readonly rangesSeconds: number;
}

const REPOSITORY = 'acme/app' as RepositoryName;

/** Over loopback where no line is given. */
export async function compareRanges(
  sizeBytes: number,
  model?: { readonly roundTripMs: number; readonly loss: number },
): Promise<Comparison> {
  const blob = randomBytes(sizeBytes);
  const digest = digestOf(blob);
  const registry = await serve(blob);
  const longLine = model && (await openLongLine(registry.url, model));
  const measure = async (make: (plain: DistributionUpstream) => Upstream) => {
    const line = new Line({ url: longLine?.url ?? registry.url, clock });
    const begun = performance.now();
    const opened = await make(new DistributionUpstream(line)).openBlob(REPOSITORY, digest);
    let bytes = 0;
    for await (const chunk of opened!.content) bytes += (chunk as Buffer).length;
    if (bytes !== sizeBytes) throw new Error(`${bytes} bytes came of ${sizeBytes}`);
    const seconds = (performance.now() - begun) / 1000;
    await line.close();
    return seconds;
  };
  const rangesSeconds = await measure((plain) => new RangedUpstream(plain, clock));
  const streamSeconds = await measure((plain) => plain);
  longLine?.close();
  registry.close();
  return { streamSeconds, rangesSeconds };
}

async function serve(blob: Buffer) {
  const server = createServer((request, response) => {
    const [range] = parseRange(request.headers.range, blob.length) ?? [];
    const bytes = range ? blob.subarray(range.start, range.end + 1) : blob;
    response.writeHead(range ? 206 : 200, {
      'content-length': bytes.length,
      ...(range ? { 'content-range': printContentRange(range, blob.length) } : {}),
    });
    response.end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
