/** Reads every byte that a site keeps, past the site itself, and compares it with its digest. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { Pool } from 'pg';
import type { Digest } from '../../../src/oci/digest.ts';
import { Layout } from '../../../src/storage/filesystem/layout.ts';

/**
 * @returns a sentence for each blob that is linked and verified and not there or not right, and
 * for each manifest with other bytes than those of its digest
 */
export async function findWrongBytes(database: Pool, content: string): Promise<string[]> {
  const wrong: string[] = [];
  const layout = new Layout(content);
  const { rows } = await database.query<{ digest: Digest }>(
    `SELECT DISTINCT digest FROM blob_links JOIN blobs USING (digest)
     WHERE verified_at IS NOT NULL`,
  );
  for (const { digest } of rows) {
    const found = await hashFile(layout.blobFile(digest));
    if (found !== digest) wrong.push(`blob ${digest}: ${found}`);
  }
  const manifests = await database.query<{ digest: string; content: Buffer }>(
    'SELECT digest, content FROM manifests',
  );
  for (const { digest, content: bytes } of manifests.rows) {
    const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    if (found !== digest) wrong.push(`manifest ${digest}: ${found}`);
  }
  return wrong;
}

async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file), hash);
  } catch (error) {
    return (error as Error).message;
  }
  return `sha256:${hash.digest('hex')}`;
}
