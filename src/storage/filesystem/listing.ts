/** Lists blobs folder by folder, so that a page costs as much as the folders that it touches. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { algorithmOf, type Digest, hexOf } from '../../oci/digest.ts';
import { whereFound } from './failures.ts';
import { ALGORITHMS, digestOfName, type Layout } from './layout.ts';

/** Blobs behind `after`, by algorithm and then by their digits. */
export async function listBlobs(
  layout: Layout,
  { after, limit }: { readonly after?: Digest; readonly limit: number },
): Promise<Digest[]> {
  const found: Digest[] = [];
  const from = after && ALGORITHMS.indexOf(algorithmOf(after));
  for (const algorithm of ALGORITHMS.slice(from ?? 0)) {
    const folder = layout.algorithmFolder(algorithm);
    const least = after && algorithm === algorithmOf(after) ? hexOf(after) : '';
    for (const prefix of await namesIn(folder)) {
      if (found.length >= limit) return found.slice(0, limit);
      if (prefix < least.slice(0, prefix.length)) continue;
      const names = (await namesIn(join(folder, prefix))).filter((name) => name > least);
      const digests = names.map((name) => digestOfName(algorithm, name));
      found.push(...digests.filter((digest) => digest !== undefined));
    }
  }
  return found.slice(0, limit);
}

async function namesIn(folder: string): Promise<string[]> {
  const names = (await whereFound(readdir(folder))) ?? [];
  return names.sort();
}
