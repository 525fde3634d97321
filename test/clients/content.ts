/** What the clients push: made once in a run, when first asked for. */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ImageSpec, type Layout, writeLayout } from '../support/images/image.ts';

export type ContentName = 'image' | 'index' | 'large';

const MACHINE = process.arch === 'x64' ? 'amd64' : process.arch;
const OTHER = MACHINE === 'amd64' ? 'arm64' : 'amd64';

const LARGE_BYTES = 300 * 1000 * 1000;

/** How many bytes of blobs a client has to push of it, at least. */
export function bytesOf(content: ContentName): number {
  const sizes = SPECS[content].flatMap(({ layers }) => layers.flatMap(Object.values<number>));
  return sizes.reduce((total, size) => total + size, 0);
}

/** The first image of each is for this machine: the one that clients take out of an index. */
const SPECS: Readonly<Record<ContentName, readonly ImageSpec[]>> = {
  image: [severalLayers(MACHINE)],
  index: [severalLayers(MACHINE), severalLayers(OTHER)],
  large: [{ architecture: MACHINE, layers: [{ 'data/large.bin': LARGE_BYTES }] }],
};

/** The second layer replaces a file of the first. */
function severalLayers(architecture: string): ImageSpec {
  return {
    architecture,
    layers: [
      { 'etc/release': 100, 'bin/true': 20_000 },
      { 'etc/release': 120, 'data/one.bin': 1_500_000 },
      { 'data/two.bin': 3_000_000, 'data/empty': 0 },
    ],
  };
}

export class Content {
  readonly #layouts = new Map<ContentName, Promise<Layout>>();
  /** In lower case, since podman makes a repository name of it. */
  readonly #folder = join(tmpdir(), `meridian-content-${randomUUID()}`);

  layout(name: ContentName): Promise<Layout> {
    const known = this.#layouts.get(name);
    if (known) return known;
    const written = this.write(name, name);
    this.#layouts.set(name, written);
    return written;
  }

  /** Such content under a name of its own, whose bytes nobody has seen before. */
  write(name: string, content: ContentName): Promise<Layout> {
    return writeLayout(this.#folder, name, SPECS[content]);
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
