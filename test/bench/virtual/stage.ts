/**
 * An upstream, and two that pull through to it: a site with a virtual registry, as an operator
 * starts and sets it up, and Debian's docker-registry in proxy mode. The upstream is Debian's too.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { basic, Client } from '../../conformance/client.ts';
import { type Content, contentOf, imageOf } from '../../conformance/fixtures.ts';
import { startDockerRegistry } from '../../support/programs/docker-registry.ts';
import { ADMIN, findPort, startProgram } from '../../support/programs/program.ts';
import { Stand } from '../stand.ts';

export interface Image {
  readonly name: string;
  readonly manifest: Content;
  /** The config and all layers. */
  readonly blobs: readonly Content[];
}

/** Where an image is read from: what stands before its name there. */
export interface Place {
  readonly stand: Stand;
  readonly prefix: string;
}

export class Stage implements AsyncDisposable {
  readonly upstream: Stand;
  /** Changes when the site starts anew. */
  #ours: Stand;
  readonly peer: Stand;
  readonly #folder: string;

  private constructor(stands: { upstream: Stand; ours: Stand; peer: Stand }, folder: string) {
    this.upstream = stands.upstream;
    this.#ours = stands.ours;
    this.peer = stands.peer;
    this.#folder = folder;
  }

  static async open(): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'bench-virtual-'));
    const upstream = standOf(
      'upstream',
      await startDockerRegistry({
        accessLog: accessLogIn(folder),
        config: { log: { level: 'error', accesslog: { disabled: false } } },
      }),
    );
    const ours = await openSite(folder);
    const peer = await openProxy(upstream.server.url);
    const stage = new Stage({ upstream, ours, peer }, folder);
    await stage.addRegistry('hub', upstream.server.url);
    return stage;
  }

  get ours(): Stand {
    return this.#ours;
  }

  /** What is read through the virtual registry of that name. */
  virtual(registry = 'hub'): Place {
    return { stand: this.#ours, prefix: `virtual_registries/containers/${registry}/` };
  }

  /** Sets up a virtual registry over one upstream, both of that name. */
  async addRegistry(name: string, url: string): Promise<void> {
    await this.#put(`upstreams/${name}`, { url });
    await this.#put(`registries/${name}`, { upstreams: [name] });
  }

  async #put(path: string, body: object): Promise<void> {
    const answer = await fetch(`${this.#ours.server.url}/api/v1/virtual_${path}`, {
      method: 'PUT',
      body: JSON.stringify(body),
      headers: { authorization: basic(ADMIN), 'content-type': 'application/json' },
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  }

  /** Ends the site and starts it on the same data. */
  async restartOurs(): Promise<void> {
    await this.#ours.server.stop();
    this.#ours = await openSite(this.#folder);
  }

  /** GETs of that image which the upstream was sent since it began, each as `GET <path>`. */
  async upstreamGets(image: string): Promise<string[]> {
    const log = await readFile(accessLogIn(this.#folder), 'utf8');
    const gets = [...log.matchAll(/"(GET [^ ]+) HTTP/g)].map(([, get = '']) => get);
    return gets.filter((get) => get.includes(`/v2/${image}/`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { server } of [this.#ours, this.peer, this.upstream]) await server.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Pushes an image of layers of these sizes under the tag `v1`. */
export async function pushImage(
  stand: Stand,
  name: string,
  layerBytes: readonly number[],
): Promise<Image> {
  const repository = stand.repository(name);
  const layers = layerBytes.map((size) => contentOf(stand.fixtures.bytes(size)));
  const config = stand.fixtures.config();
  for (const blob of [config, ...layers]) await repository.pushBlob(blob);
  const manifest = imageOf(config, layers);
  await repository.pushManifest(manifest, 'v1');
  return { name, manifest, blobs: [config, ...layers] };
}

/** URL of what belongs to an image there, and what a client sends to read it. */
export async function targetOf({ stand, prefix }: Place, image: Pick<Image, 'name'>) {
  const name = `${prefix}${image.name}`;
  return {
    url: `${stand.server.url}/v2/${name}`,
    headers: await stand.headers(`repository:${name}:pull`),
  };
}

const standOf = (name: string, server: Awaited<ReturnType<typeof startDockerRegistry>>) =>
  new Stand(name, server, new Client(new URL(server.url)));

/** Another one in proxy mode. */
export async function openProxy(remoteurl: string): Promise<Stand> {
  const config = { proxy: { remoteurl } };
  return standOf('docker-registry', await startDockerRegistry({ config }));
}

async function openSite(folder: string): Promise<Stand> {
  const program = await startProgram({
    data: join(folder, 'site'),
    port: await findPort(),
    env: { MERIDIAN_UPSTREAM_NETWORKS: '127.0.0.1' },
  });
  const { url, process } = program;
  const server = { url: url.origin, pid: process.pid!, stop: () => program.stop() };
  return new Stand('Meridian', server, new Client(url, ADMIN));
}

const accessLogIn = (folder: string) => join(folder, 'upstream.log');
