/**
 * Images made without a network: OCI layouts of real layers, which are archives of random files.
 *
 *     <directory>/oci-layout  index.json     image-spec, image-layout.md
 *                 manifest.json              the same images for `docker load`
 *                 blobs/sha256/<hex>
 *     <directory>.tar                        all of it in one archive
 */
import { createCipheriv, createHash, type Hash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Pack, pack } from 'tar-stream';
import { run } from '../programs/commands.ts';

export interface ImageSpec {
  readonly architecture: string;
  /** Per layer, per path, the size of a file of random bytes. A later layer replaces a path. */
  readonly layers: readonly Readonly<Record<string, number>>[];
}

export interface BuiltImage {
  readonly architecture: string;
  readonly digest: string;
  /** SHA-256 of each file that a container of this image would see, by path. */
  readonly files: ReadonlyMap<string, string>;
}

export interface Layout {
  /** Its last part is the name that {@link LOADED} begins with. */
  readonly directory: string;
  readonly archive: string;
  readonly name: string;
  /** Of the index, or of the one image where the layout holds no index. */
  readonly digest: string;
  readonly images: readonly BuiltImage[];
}

export const LAYOUT_TAG = 'v1';

/** Under which name `docker load` and `ctr images import` know an image of the layout. */
export function loadedName(layout: Layout, image: BuiltImage): string {
  return `local/${layout.name}:${image.architecture}`;
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

const CHUNK_BYTES = 1024 * 1024;

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly architecture: string; readonly os: string };
}

interface Written extends BuiltImage {
  readonly descriptor: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** Writes one image, or several with an index over them. */
export async function writeLayout(
  parent: string,
  name: string,
  specs: readonly ImageSpec[],
): Promise<Layout> {
  const directory = join(parent, name);
  await mkdir(join(directory, 'blobs', 'sha256'), { recursive: true });
  const images: Written[] = [];
  for (const spec of specs) images.push(await writeImage(directory, `${name} ${parent}`, spec));
  const top = await writeTop(directory, images);
  const annotations = { 'org.opencontainers.image.ref.name': LAYOUT_TAG };
  await writeJson(directory, 'oci-layout', { imageLayoutVersion: '1.0.0' });
  await writeJson(directory, 'index.json', {
    schemaVersion: 2,
    manifests: [{ ...top, annotations }],
  });
  const layout = { directory, archive: `${directory}.tar`, name, digest: top.digest, images };
  await writeJson(
    directory,
    'manifest.json',
    images.map((image) => loadable(layout, image)),
  );
  await run(['tar', '-C', directory, '-cf', layout.archive, '.']);
  return layout;
}

async function writeTop(directory: string, images: readonly Written[]): Promise<Descriptor> {
  const [first] = images;
  if (first && images.length === 1) return first.descriptor;
  const manifests = images.map((image) => image.descriptor);
  const json = { schemaVersion: 2, mediaType: INDEX, manifests };
  return writeBlob(directory, INDEX, Buffer.from(JSON.stringify(json)));
}

/** The entry of `manifest.json`, the format of `docker save`. */
function loadable(layout: Layout, image: Written): unknown {
  return {
    Config: pathOf(image.config.digest),
    RepoTags: [loadedName(layout, image)],
    Layers: image.layers.map((layer) => pathOf(layer.digest)),
  };
}

async function writeImage(directory: string, seed: string, spec: ImageSpec): Promise<Written> {
  const files = new Map<string, string>();
  const layers: Descriptor[] = [];
  const diffIds: string[] = [];
  for (const [index, sizes] of spec.layers.entries()) {
    const layer = new LayerWriter(directory, `${seed} ${spec.architecture} ${index}`);
    const { descriptor, diffId } = await layer.write(sizes, files);
    layers.push(descriptor);
    diffIds.push(diffId);
  }
  const platform = { architecture: spec.architecture, os: 'linux' };
  const config = await writeBlob(directory, CONFIG, configOf(platform, diffIds));
  const manifest = { schemaVersion: 2, mediaType: MANIFEST, config, layers };
  const written = await writeBlob(directory, MANIFEST, Buffer.from(JSON.stringify(manifest)));
  const descriptor = { ...written, platform };
  return { ...platform, digest: descriptor.digest, files, descriptor, config, layers };
}

function configOf(platform: object, diffIds: readonly string[]): Buffer {
  const created = '2026-01-01T00:00:00Z';
  return Buffer.from(
    JSON.stringify({
      created,
      ...platform,
      config: { Cmd: ['/bin/true'] },
      rootfs: { type: 'layers', diff_ids: diffIds },
      history: diffIds.map((_, index) => ({ created, created_by: `layer ${index}` })),
    }),
  );
}

class LayerWriter {
  readonly #directory: string;
  readonly #seed: string;

  constructor(directory: string, seed: string) {
    this.#directory = directory;
    this.#seed = seed;
  }

  /** Writes the files into one layer and notes the hash of each in `hashes`. */
  async write(sizes: Readonly<Record<string, number>>, hashes: Map<string, string>) {
    const archive = pack();
    const [whole, compressed] = [createHash('sha256'), createHash('sha256')];
    const temporary = join(this.#directory, 'layer.tmp');
    const written = pipeline(
      Readable.from(archive),
      (source: AsyncIterable<Buffer>) => hashed(source, whole),
      // Random bytes do not become smaller; level 0 only frames them.
      createGzip({ level: 0 }),
      (source: AsyncIterable<Buffer>) => hashed(source, compressed),
      createWriteStream(temporary),
    );
    for (const [path, bytes] of Object.entries(sizes)) {
      hashes.set(path, await this.#addFile(archive, path, bytes));
    }
    archive.finalize();
    await written;
    const digest = `sha256:${compressed.digest('hex')}`;
    await rename(temporary, join(this.#directory, pathOf(digest)));
    const { size } = await stat(join(this.#directory, pathOf(digest)));
    const descriptor: Descriptor = { mediaType: LAYER, digest, size };
    return { descriptor, diffId: `sha256:${whole.digest('hex')}` };
  }

  async #addFile(archive: Pack, name: string, size: number): Promise<string> {
    const hash = createHash('sha256');
    const mtime = new Date('2026-01-01T00:00:00Z');
    const entry = archive.entry({ name, size, mode: 0o644, mtime });
    await pipeline(hashed(randomChunks(`${this.#seed} ${name}`, size), hash), entry);
    return hash.digest('hex');
  }
}

/** The chunks as they are, each shown to the hash. */
async function* hashed(source: AsyncIterable<Buffer> | Iterable<Buffer>, hash: Hash) {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
}

/** Bytes that no compression makes smaller and that are the same for the same seed. */
export function* randomChunks(seed: string, size: number): Generator<Buffer> {
  const key = createHash('sha256').update(seed).digest();
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  for (let left = size; left > 0; left -= CHUNK_BYTES) {
    yield cipher.update(Buffer.alloc(Math.min(left, CHUNK_BYTES)));
  }
}

async function writeBlob(directory: string, mediaType: string, bytes: Buffer): Promise<Descriptor> {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  await writeFile(join(directory, pathOf(digest)), bytes);
  return { mediaType, digest, size: bytes.length };
}

async function writeJson(directory: string, name: string, json: unknown): Promise<void> {
  await writeFile(join(directory, name), JSON.stringify(json));
}

/** Where a layout keeps the blob, relative to its directory. */
export function pathOf(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}
