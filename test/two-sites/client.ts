/** What a client does to a registry, in as few words as the tests need. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { OCI_MANIFEST } from '../../src/oci/media-type.ts';
import { ADMIN } from './site.ts';

export interface Image {
  readonly config: Buffer;
  readonly layers: readonly Buffer[];
  readonly manifest: Buffer;
  readonly digest: Digest;
}

const BASIC = `Basic ${Buffer.from(`${ADMIN.user}:${ADMIN.password}`).toString('base64')}`;

/** An image that nobody has seen before. */
export function makeImage(...layerBytes: number[]): Image {
  const config = Buffer.from(JSON.stringify({ id: randomBytes(8).toString('hex') }));
  const layers = layerBytes.map((size) => randomBytes(size));
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      config: describeBlob('application/vnd.oci.image.config.v1+json', config),
      layers: layers.map((blob) => describeBlob('application/vnd.oci.image.layer.v1.tar', blob)),
    }),
  );
  return { config, layers, manifest, digest: digestOf(manifest) };
}

function describeBlob(mediaType: string, blob: Buffer) {
  return { mediaType, digest: digestOf(blob), size: blob.length };
}

/**
 * With a token for the repository of the URL, as clients have one; by password for other URLs. A
 * token that is refused is asked for once more, as clients do: the port of a site that has ended
 * may be another site's now.
 */
export async function send(url: string, init: RequestInit = {}): Promise<Response> {
  const [, repository] = /\/v2\/(.+)\/(?:blobs|manifests)\//.exec(url) ?? [];
  const { origin } = new URL(url);
  const ask = async () => {
    const authorization = repository ? `Bearer ${await logIn(origin, repository)}` : BASIC;
    const headers = { authorization, ...(init.headers as Record<string, string>) };
    return fetch(url, { ...init, headers });
  };
  const answer = await ask();
  return answer.status === 401 && tokens.delete(`${origin} ${repository}`) ? ask() : answer;
}

export interface Target {
  readonly site: string;
  /** A repository, with a tag behind a colon. */
  readonly name: string;
  /** Blobs are pushed in chunks of that size; with one PUT each where it is absent. */
  readonly chunkBytes?: number | undefined;
}

async function pushBlob({ site, name, chunkBytes }: Target, blob: Buffer): Promise<void> {
  const begun = await send(`${site}/v2/${name}/blobs/uploads/`, { method: 'POST' });
  expect(begun.status).to.equal(202);
  let location = new URL(begun.headers.get('location')!, site);
  const stepBytes = chunkBytes ?? Number.POSITIVE_INFINITY;
  const end = chunkBytes === undefined ? 0 : blob.length;
  for (let from = 0; from < end; from += stepBytes) {
    const chunk = blob.subarray(from, from + stepBytes);
    const headers = { 'content-range': `${from}-${from + chunk.length - 1}` };
    const answer = await send(location.href, { method: 'PATCH', body: chunk, headers });
    expect(answer.status).to.equal(202);
    location = new URL(answer.headers.get('location')!, site);
  }
  location.searchParams.set('digest', digestOf(blob));
  const body = chunkBytes === undefined ? blob : null;
  const done = await send(location.href, { method: 'PUT', body });
  expect(done.status, await done.text()).to.equal(201);
}

/** Pushes all of an image. */
export async function push(target: Target, image: Image): Promise<void> {
  const [name] = target.name.split(':') as [string];
  for (const blob of [image.config, ...image.layers]) await pushBlob({ ...target, name }, blob);
  await pushManifest(target, image);
}

export async function pushManifest({ site, name }: Target, { manifest, digest }: Image) {
  const [repository, tag] = name.split(':');
  const answer = await send(`${site}/v2/${repository}/manifests/${tag}`, {
    method: 'PUT',
    body: manifest,
    headers: { 'content-type': OCI_MANIFEST },
  });
  expect(answer.status, await answer.text()).to.equal(201);
  expect(answer.headers.get('docker-content-digest')).to.equal(digest);
}

/** Pulls all of an image, logged in by the site's own token endpoint, and compares each byte. */
export async function pull({ site, name }: Target, image: Image): Promise<void> {
  const [repository, tag] = name.split(':');
  const get = async (path: string) => {
    const answer = await send(`${site}/v2/${repository}/${path}`);
    expect(answer.status, path).to.equal(200);
    return Buffer.from(await answer.arrayBuffer());
  };
  expect((await get(`manifests/${tag}`)).equals(image.manifest)).to.equal(true);
  for (const blob of [image.config, ...image.layers]) {
    expect((await get(`blobs/${digestOf(blob)}`)).equals(blob)).to.equal(true);
  }
}

const tokens = new Map<string, Promise<string>>();

/** The token that the site's own endpoint gives; once for each site and repository. */
export function logIn(site: string, repository: string): Promise<string> {
  const key = `${site} ${repository}`;
  const token = tokens.get(key) ?? askToken(site, repository);
  tokens.set(key, token);
  return token;
}

async function askToken(site: string, repository: string): Promise<string> {
  const challenge = (await fetch(`${site}/v2/`)).headers.get('www-authenticate')!;
  const [, realm, service] = /realm="([^"]+)",service="([^"]+)"/.exec(challenge)!;
  const query = new URLSearchParams({
    service: service!,
    scope: `repository:${repository}:pull,push,delete`,
  });
  const answer = await fetch(`${realm}?${query.toString()}`, { headers: { authorization: BASIC } });
  expect(answer.status).to.equal(200);
  return ((await answer.json()) as { token: string }).token;
}

/** The join token with which a site of that name may join. */
export async function invite({ url }: { readonly url: string }, name: string): Promise<string> {
  const answer = await send(`${url}/api/v1/sites`, {
    method: 'POST',
    body: JSON.stringify({ name }),
    headers: { 'content-type': 'application/json' },
  });
  expect(answer.status).to.equal(201);
  return ((await answer.json()) as { joinToken: string }).joinToken;
}

/** Waits until it is so, however it comes to be; fails after ten seconds. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(5)) {
    if (await isSo()) return;
  }
  throw new Error(`it never came to be that ${what}`);
}
