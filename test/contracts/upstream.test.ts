import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/clock.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { parseRange, printContentRange } from '../../src/oci/range.ts';
import { Line } from '../../src/storage/distribution/line.ts';
import { DistributionUpstream } from '../../src/storage/distribution/upstream.ts';
import { MemoryUpstream } from '../../src/storage/memory/upstream.ts';
import { CONTENT, describeUpstreamContract, type UpstreamContent } from './suites/upstream.ts';

describeUpstreamContract('memory', async ({ repository, tag, manifest, mediaType, blob }) => {
  const upstream = new MemoryUpstream();
  const digest = digestOf(manifest);
  upstream.putManifest(repository, tag, { mediaType, content: manifest });
  upstream.putManifest(repository, { kind: 'digest', digest }, { mediaType, content: manifest });
  upstream.putBlob(repository, digestOf(blob), blob);
  return upstream;
});

describe('over HTTP', () => {
  const closing: (() => unknown)[] = [];

  const open = async (serve: Serve): Promise<DistributionUpstream> => {
    const server = createServer((request, response) => serve(CONTENT, request, response));
    const url = await listen(server);
    const line = new Line({ url, clock: systemClock });
    closing.push(
      () => line.close(),
      () => server.close(),
    );
    return new DistributionUpstream(line);
  };

  describeUpstreamContract('a registry that knows ranges', () => open(serveRanges));
  describeUpstreamContract('a registry that knows no ranges', () => open(serveWhole));
  describeUpstreamContract('a registry that redirects', () => open(redirect));

  after(() => Promise.all(closing.map((close) => close())));
});

type Serve = (content: UpstreamContent, request: IncomingMessage, response: ServerResponse) => void;

const serveWhole: Serve = (content, request, response) => {
  const { repository, blob, manifest, mediaType } = content;
  const url = request.url!.replace('/elsewhere', '');
  const base = `/v2/${repository}`;
  if (url === `${base}/blobs/${digestOf(blob)}`) {
    response.writeHead(200, { 'content-length': blob.length }).end(blob);
  } else if ([`v1.0`, digestOf(manifest)].some((text) => url === `${base}/manifests/${text}`)) {
    const isKnown = request.headers['if-none-match'] === `"${digestOf(manifest)}"`;
    if (isKnown) response.writeHead(304).end();
    else response.writeHead(200, { 'content-type': `${mediaType}; charset=utf-8` }).end(manifest);
  } else response.writeHead(404).end('{"errors":[]}');
};

const serveRanges: Serve = (content, request, response) => {
  const { blob } = content;
  const isBlob = request.url!.endsWith(`${content.repository}/blobs/${digestOf(blob)}`);
  const ranges = isBlob ? parseRange(request.headers.range, blob.length) : undefined;
  const [range] = ranges ?? [];
  if (!ranges) serveWhole(content, request, response);
  else if (!range) {
    response.writeHead(416, { 'content-range': `bytes */${blob.length}` }).end('no such range');
  } else {
    const headers = { 'content-range': printContentRange(range, blob.length) };
    response.writeHead(206, headers).end(blob.subarray(range.start, range.end + 1));
  }
};

const redirect: Serve = (content, request, response) => {
  if (request.url!.startsWith('/elsewhere')) serveRanges(content, request, response);
  else response.writeHead(307, { location: `/elsewhere${request.url}` }).end('elsewhere');
};

async function listen(server: Server): Promise<URL> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
