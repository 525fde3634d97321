/** What an upstream sent, proven to be what it must be (A32): nothing that it says is believed. */
import { algorithmOf, type Digest, digestOf } from '../../oci/digest.ts';
import { RegistryError } from '../../oci/error.ts';
import { type Manifest, parseManifest } from '../../oci/manifest.ts';
import { isManifestType, isNonDistributable } from '../../oci/media-type.ts';
import type { ManifestEntry } from '../../storage/virtual/cache.ts';
import {
  RemoteFailure,
  type RemoteManifest,
  type RemoteWord,
} from '../../storage/virtual/remotes.ts';

export interface ProvenManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly content: Buffer;
  /** What it names, as the cache keeps it. */
  readonly blobs: ManifestEntry['blobs'];
  readonly manifests: readonly Digest[];
}

/**
 * @param expected where it was asked for by digest
 * @throws RemoteFailure `broken` for other bytes than those, and for what is no manifest
 */
export function proveManifest(sent: RemoteManifest, expected?: Digest): ProvenManifest {
  const digest = digestOf(sent.content, expected && algorithmOf(expected));
  if (expected !== undefined && digest !== expected) {
    throw new RemoteFailure('broken', `the upstream sent other bytes than those of ${expected}`);
  }
  const parsed = parse(sent);
  const { mediaType, content } = sent;
  const outline = { blobs: listBlobs(parsed), manifests: listManifests(parsed) };
  return { digest, mediaType, sizeBytes: content.length, content, ...outline };
}

/** @throws RemoteFailure where no manifest can be meant */
export function checkWord(word: RemoteWord): RemoteWord {
  assertManifestType(word.mediaType);
  return word;
}

function parse({ content, mediaType }: RemoteManifest): Manifest {
  assertManifestType(mediaType);
  try {
    return parseManifest(content, mediaType);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    throw new RemoteFailure('broken', `the upstream sent no manifest: ${error.message}`);
  }
}

/** A page that asks for a password comes with 200 as well. */
function assertManifestType(mediaType: string): void {
  if (isManifestType(mediaType)) return;
  throw new RemoteFailure('broken', `the upstream sent ${mediaType || 'no type'} as a manifest`);
}

/** Foreign ones are the client's to fetch, from where the manifest says; never ours (A31). */
function listBlobs({ blobs }: Manifest): ManifestEntry['blobs'] {
  const known = new Map<Digest, { readonly digest: Digest; readonly sizeBytes: number }>();
  for (const { digest, mediaType, size } of blobs) {
    if (!isNonDistributable(mediaType)) known.set(digest, { digest, sizeBytes: size });
  }
  return [...known.values()];
}

function listManifests({ manifests }: Manifest): Digest[] {
  return [...new Set(manifests.map(({ digest }) => digest))];
}
