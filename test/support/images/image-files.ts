/** What is in an image that a client pulled: the hash of each file, however the client shows it. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { pathOf } from './image.ts';

/** SHA-256 in hex of each file, by its path. */
export type Files = Map<string, string>;

/** The files of a directory, such as where a client mounted an image. */
export async function readDirectoryFiles(root: string): Promise<Files> {
  const files: Files = new Map();
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    files.set(relative(root, path), hash.digest('hex'));
  }
  return files;
}

/** The files of an archive, such as `docker export` writes; added to `files`. */
export async function readArchiveFiles(
  archive: Readable,
  files: Files = new Map(),
): Promise<Files> {
  const entries = extract();
  const done = pipeline(archive, entries);
  for await (const entry of entries) {
    const hash = await hashStream(entry as unknown as Readable);
    if (entry.header.type === 'file') files.set(entry.header.name, hash.digest('hex'));
  }
  await done;
  return files;
}

async function hashStream(source: Readable): Promise<Hash> {
  const hash = createHash('sha256');
  for await (const chunk of source) hash.update(chunk as Buffer);
  return hash;
}

interface Named {
  readonly mediaType?: string;
  readonly digest: string;
  readonly platform?: { readonly architecture: string };
}

interface AnyManifest {
  readonly layers?: readonly Named[];
  readonly manifests?: readonly Named[];
}

export interface LayoutContent {
  /** Of what `index.json` names. */
  readonly digest: string;
  /** The files of each image, in the order of the index. */
  readonly images: readonly Files[];
}

/** What an OCI layout holds whose `index.json` names one thing. */
export async function readLayout(directory: string): Promise<LayoutContent> {
  const { manifests = [] } = JSON.parse(
    await readFile(join(directory, 'index.json'), 'utf8'),
  ) as AnyManifest;
  const [top] = manifests;
  if (top === undefined || manifests.length !== 1) throw new Error('not one image in the layout');
  return { digest: top.digest, images: await readImages(directory, top.digest) };
}

async function readImages(directory: string, digest: string): Promise<Files[]> {
  const manifest = await readManifest(directory, digest);
  if (manifest.layers !== undefined) return [await readLayers(directory, manifest.layers)];
  const images = (manifest.manifests ?? []).map((child) => readImages(directory, child.digest));
  return (await Promise.all(images)).flat();
}

async function readManifest(directory: string, digest: string): Promise<AnyManifest> {
  const bytes = await readFile(join(directory, pathOf(digest)));
  const actual = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (actual !== digest) throw new Error(`the manifest ${digest} has the digest ${actual}`);
  return JSON.parse(bytes.toString('utf8')) as AnyManifest;
}

async function readLayers(directory: string, layers: readonly Named[]): Promise<Files> {
  const files: Files = new Map();
  for (const layer of layers) {
    const bytes = createReadStream(join(directory, pathOf(layer.digest)));
    await readArchiveFiles(bytes.compose(createGunzip()) as Readable, files);
  }
  return files;
}
