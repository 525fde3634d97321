/** Content to push: random bytes made from a seed, and the manifests that name them. */
import { createCipheriv, createHash } from 'node:crypto';

export type Algorithm = 'sha256' | 'sha512';

export interface Content {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly digest: string;
}

export type Json = Readonly<Record<string, unknown>>;

export const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
export const OCI_CONFIG = 'application/vnd.oci.image.config.v1+json';
export const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';
export const OCI_EMPTY = 'application/vnd.oci.empty.v1+json';
export const DOCKER_MANIFEST = 'application/vnd.docker.distribution.manifest.v2+json';
export const DOCKER_LIST = 'application/vnd.docker.distribution.manifest.list.v2+json';

export const NO_BYTES = contentOf(Buffer.alloc(0));
export const EMPTY_JSON = contentOf(Buffer.from('{}'), OCI_EMPTY);

export function digestOf(bytes: Buffer, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

export function contentOf(bytes: Buffer, mediaType = OCI_LAYER): Content {
  return { mediaType, bytes, digest: digestOf(bytes) };
}

export function withSha512(content: Content): Content {
  return { ...content, digest: digestOf(content.bytes, 'sha512') };
}

export function descriptorOf({ mediaType, digest, bytes }: Content): Json {
  return { mediaType, digest, size: bytes.length };
}

/** An image manifest of these blobs; `more` adds or replaces fields. */
export function imageOf(config: Content, layers: readonly Content[], more: Json = {}): Content {
  const fields = { config: descriptorOf(config), layers: layers.map(descriptorOf), ...more };
  return manifestOf(OCI_MANIFEST, fields);
}

export function indexOf(children: readonly Content[], more: Json = {}): Content {
  return manifestOf(OCI_INDEX, { manifests: children.map(descriptorOf), ...more });
}

export function manifestOf(mediaType: string, fields: Json): Content {
  const json = { schemaVersion: 2, mediaType, ...fields };
  return contentOf(Buffer.from(JSON.stringify(json, null, 2)), mediaType);
}

/** Gives other content at each call and the same content for the same seed. */
export class Fixtures {
  readonly seed: string;
  #count = 0;

  constructor(seed: string) {
    this.seed = seed;
  }

  bytes(size: number): Buffer {
    const key = createHash('sha256').update(`${this.seed} ${this.#next()}`).digest();
    return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
  }

  blob(size = 1000): Content {
    return contentOf(this.bytes(size));
  }

  config(): Content {
    const json = { architecture: 'amd64', os: 'linux', author: this.bytes(12).toString('hex') };
    return contentOf(Buffer.from(JSON.stringify(json)), OCI_CONFIG);
  }

  /** A name that no other test of this run has, and no other run either. */
  name(path = 'r'): string {
    return `conformance/${this.seed}/${path}-${this.#next()}`;
  }

  #next(): number {
    this.#count += 1;
    return this.#count;
  }
}
