/**
 * Fills a primary with images at the price of their facts: bytes are put into its store, and facts
 * are written by the program's own port, each with its row of the change log. What is measured
 * begins behind that.
 */
import { createHash, type Hash, randomBytes } from 'node:crypto';
import { mkdir, open, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { type Digest, digestOf } from '../../../../src/oci/digest.ts';
import { outlineOf, parseManifest } from '../../../../src/oci/manifest.ts';
import { OCI_MANIFEST } from '../../../../src/oci/media-type.ts';
import type { RepositoryName, Tag } from '../../../../src/oci/reference.ts';
import { Layout } from '../../../../src/storage/filesystem/layout.ts';
import type { Metadata } from '../../../../src/storage/metadata.ts';
import { openFacts } from '../../../../src/wire/facts.ts';
import { randomChunks } from '../../../support/images/image.ts';
import { ADMIN } from '../../../two-sites/site.ts';
import type { GeoSite } from '../stand.ts';

export interface LoadedBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

interface ImageName {
  readonly repository: string;
  readonly tag: string;
}

const CONFIG = 'application/vnd.oci.image.config.v1+json';
const LAYER = 'application/vnd.oci.image.layer.v1.tar';

/** What tells one sparse blob from another of its size. */
const NAME_BYTES = 32;

/** Nobody waits for the disk while this loads; the rest is what the program says itself. */
const OPTIONS = '-c synchronous_commit=off -c enable_seqscan=off -c enable_bitmapscan=off';

export class Loader implements AsyncDisposable {
  readonly #metadata: Pick<Metadata, 'linkBlob' | 'recordManifest'>;
  readonly #databaseUrl: string;
  readonly #layout: Layout;
  readonly #close: () => Promise<void>;
  /** Of all bytes but the name, by size: they are the same in each sparse blob of that size. */
  readonly #zeros = new Map<number, Hash>();

  private constructor(site: GeoSite, facts: Awaited<ReturnType<typeof openFacts>>) {
    this.#metadata = facts.metadata;
    this.#databaseUrl = site.databaseUrl;
    this.#close = () => facts.close();
    this.#layout = new Layout(join(site.data, 'content'));
  }

  static async open(site: GeoSite): Promise<Loader> {
    const url = `${site.databaseUrl}&options=${encodeURIComponent(OPTIONS)}`;
    return new Loader(site, await openFacts({ url, poolSize: 16 }));
  }

  async placeBytes(bytes: Buffer): Promise<LoadedBlob> {
    const digest = digestOf(bytes);
    const file = await this.#makeRoom(digest);
    await writeFile(file, bytes);
    return { digest, sizeBytes: bytes.length };
  }

  /** Zeros that take no room on the disk, and a name at their end. */
  async placeSparse(sizeBytes: number): Promise<LoadedBlob> {
    const name = randomBytes(NAME_BYTES);
    const hash = this.#hashZeros(sizeBytes - NAME_BYTES).update(name);
    const digest = `sha256:${hash.digest('hex')}` as Digest;
    const handle = await open(await this.#makeRoom(digest), 'w');
    try {
      await handle.write(name, 0, NAME_BYTES, sizeBytes - NAME_BYTES);
    } finally {
      await handle.close();
    }
    return { digest, sizeBytes };
  }

  /** Bytes of which no two stretches are the same. */
  async placeRandom(sizeBytes: number): Promise<LoadedBlob> {
    const hash = createHash('sha256');
    const draft = join(this.#layout.staging, 'loaded');
    const handle = await open(draft, 'w');
    try {
      for (const chunk of randomChunks(randomBytes(8).toString('hex'), sizeBytes)) {
        hash.update(chunk);
        await handle.write(chunk);
      }
    } finally {
      await handle.close();
    }
    const digest = `sha256:${hash.digest('hex')}` as Digest;
    await rename(draft, await this.#makeRoom(digest));
    return { digest, sizeBytes };
  }

  /** @returns the digest of the manifest */
  async recordImage(name: ImageName, layers: readonly LoadedBlob[]): Promise<Digest> {
    const id = randomBytes(120).toString('hex');
    const config = await this.placeBytes(
      Buffer.from(JSON.stringify({ architecture: 'amd64', id })),
    );
    const describe = (mediaType: string, { digest, sizeBytes }: LoadedBlob) => ({
      mediaType,
      digest,
      size: sizeBytes,
    });
    const content = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: OCI_MANIFEST,
        config: describe(CONFIG, config),
        layers: layers.map((layer) => describe(LAYER, layer)),
      }),
    );
    return this.#record(name, content, [config, ...layers]);
  }

  async #record(
    { repository, tag }: ImageName,
    content: Buffer,
    blobs: readonly LoadedBlob[],
  ): Promise<Digest> {
    const common = { repository: repository as RepositoryName, actor: ADMIN.user };
    for (const blob of blobs) await this.#metadata.linkBlob({ ...common, ...blob });
    const digest = digestOf(content);
    const outline = outlineOf(parseManifest(content, OCI_MANIFEST));
    const outcome = await this.#metadata.recordManifest({
      ...common,
      manifest: { digest, mediaType: OCI_MANIFEST, content, ...outline },
      tags: [tag as Tag],
      mayOverwrite: true,
    });
    if (outcome.kind !== 'recorded') throw new Error(`${repository}:${tag} is ${outcome.kind}`);
    return digest;
  }

  /** What was loaded so far was pushed an hour ago: it is the past, and no fresh push. */
  async makePast(): Promise<void> {
    const client = new Client({ connectionString: this.#databaseUrl });
    await client.connect();
    try {
      await client.query(`UPDATE changes SET at = at - interval '1 hour'`);
    } finally {
      await client.end();
    }
  }

  async #makeRoom(digest: Digest): Promise<string> {
    const file = this.#layout.blobFile(digest);
    await mkdir(dirname(file), { recursive: true });
    return file;
  }

  #hashZeros(sizeBytes: number): Hash {
    const known = this.#zeros.get(sizeBytes);
    if (known) return known.copy();
    const hash = createHash('sha256').update(Buffer.alloc(sizeBytes));
    this.#zeros.set(sizeBytes, hash);
    return hash.copy();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}

/** Does each of the tasks, so many at once; ends with the first failure. */
export async function atOnce(
  width: number,
  count: number,
  task: (number: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
