/**
 * A stand-in for Harbor: its token service, the lists of its API with their pages, and the reading
 * half of the distribution API with referrers. One image and what is said of it lie in each
 * repository.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basic, type Credentials } from '../../conformance/client.ts';
import {
  type Content,
  descriptorOf,
  Fixtures,
  imageOf,
  OCI_INDEX,
} from '../../conformance/fixtures.ts';

export interface Harbor {
  readonly url: string;
  readonly image: Content;
  readonly referrer: Content;
  blobFetches(): number;
  stop(): Promise<void>;
}

interface HarborOptions {
  readonly projects: number;
  readonly credentials: Credentials;
}

/** Harbor gives no more than a hundred items on a page, whatever is asked for. */
const MAX_PAGE = 100;
const TOKEN = 'a-token-of-harbor';

export async function startHarbor({ projects, credentials }: HarborOptions): Promise<Harbor> {
  const content = makeContent();
  const names = Array.from({ length: projects }, (_, index) => `project-${index}`);
  let fetches = 0;
  const server = createServer((request, response) => {
    const url = new URL(request.url!, 'http://harbor');
    const isKnown = request.headers.authorization === basic(credentials);
    if (url.pathname === '/api/v2.0/ping') return end(response, 'Pong');
    if (url.pathname === '/service/token') {
      return isKnown ? endJson(response, { token: TOKEN }) : refuse(response);
    }
    if (url.pathname.startsWith('/api/')) {
      // A stranger is answered, too, and sees public projects: here are none.
      return endPage(response, url, isKnown ? listItems(url, names) : []);
    }
    if (request.headers.authorization !== `Bearer ${TOKEN}`) return refuse(response);
    if (url.pathname.includes('/blobs/') && request.method === 'GET') fetches += 1;
    return endRegistry(request, response, { ...content, path: url.pathname });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    ...content,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    blobFetches: () => fetches,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function makeContent() {
  const fixtures = new Fixtures('harbor');
  const [config, layer] = [fixtures.config(), fixtures.blob()];
  const image = imageOf(config, [layer]);
  const referrer = imageOf(config, [layer], { subject: descriptorOf(image) });
  return { image, referrer, blobs: [config, layer] };
}

/** One project is a cache of another registry. */
function listItems(url: URL, names: readonly string[]): object[] {
  const project = /^\/api\/v2\.0\/projects\/([^/]+)\/repositories$/.exec(url.pathname)?.[1];
  if (project) return [{ name: `${project}/app` }];
  const own = names.map((name, index) => ({ name, project_id: index, registry_id: null }));
  return [...own, { name: 'cache', project_id: names.length, registry_id: 3 }];
}

function endPage(response: ServerResponse, url: URL, items: readonly object[]): void {
  const page = Number(url.searchParams.get('page') ?? 1);
  const size = Math.min(Number(url.searchParams.get('page_size') ?? 10), MAX_PAGE);
  response.setHeader('X-Total-Count', items.length);
  endJson(response, items.slice((page - 1) * size, page * size));
}

interface Asked extends ReturnType<typeof makeContent> {
  readonly path: string;
}

function endRegistry(
  { method }: IncomingMessage,
  response: ServerResponse,
  { path, image, referrer, blobs }: Asked,
): void {
  const [, kind, reference] = /\/(tags|manifests|blobs|referrers)\/([^/]+)$/.exec(path) ?? [];
  if (kind === 'tags') return endJson(response, { name: 'x', tags: ['v1'] });
  if (kind === 'referrers') {
    const manifests = reference === image.digest ? [descriptorOf(referrer)] : [];
    return endJson(response, { schemaVersion: 2, mediaType: OCI_INDEX, manifests });
  }
  const all = kind === 'blobs' ? blobs : [image, referrer];
  const wanted = reference === 'v1' ? image.digest : reference;
  const found = all.find(({ digest }) => digest === wanted);
  if (!found) return end(response, '', 404);
  response.setHeader('Docker-Content-Digest', found.digest);
  response.setHeader('Content-Type', found.mediaType);
  response.setHeader('Content-Length', found.bytes.length);
  response.end(method === 'HEAD' ? undefined : found.bytes);
}

function refuse(response: ServerResponse): void {
  const realm = `http://${response.req.headers.host}/service/token`;
  response.setHeader('WWW-Authenticate', `Bearer realm="${realm}",service="harbor-registry"`);
  end(response, '', 401);
}

function endJson(response: ServerResponse, body: unknown): void {
  response.setHeader('Content-Type', 'application/json');
  end(response, JSON.stringify(body));
}

function end(response: ServerResponse, text: string, status = 200): void {
  response.statusCode = status;
  response.end(text);
}
