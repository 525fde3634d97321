/** Damage of a site's database, done behind the program's back: each kind to so many rows. */
import { Client } from 'pg';
import type { RepositoryName } from '../../../src/oci/reference.ts';
import { SNAPSHOT_PARTS, type SnapshotKey } from '../../../src/storage/geo/snapshot.ts';
import { blobOf, imageOf, tagNamed } from '../../support/content.ts';
import type { TestPorts } from '../../support/ports.ts';

/**
 * What each kind does to the rows that are numbered from 1 to `$2` in the repository `$1`. They are
 * those of {@link fill}; a manifest that is damaged carries no tag, which would go with it.
 */
export const DAMAGES = {
  'missing tag': `DELETE FROM tags WHERE repository = $1
    AND name IN (SELECT 'a' || n FROM generate_series(1, $2) n)`,
  'wrong tag': `UPDATE tags SET digest = (
      SELECT digest FROM tags WHERE repository = $1 AND name = 'spare')
    WHERE repository = $1 AND name IN (SELECT 'b' || n FROM generate_series(1, $2) n)`,
  'extra tag': `INSERT INTO tags (repository, name, digest)
    SELECT $1, 'none' || n, (SELECT digest FROM tags WHERE repository = $1 AND name = 'spare')
    FROM generate_series(1, $2) n`,
  'missing manifest': `DELETE FROM manifests WHERE repository = $1 AND digest IN (
      SELECT digest FROM untagged WHERE nth <= $2)`,
  'wrong bytes of a manifest': `UPDATE manifests SET content = set_byte(content, 9, 0)
    WHERE repository = $1 AND digest IN (
      SELECT digest FROM untagged WHERE nth > $2 AND nth <= 2 * $2)`,
  'extra manifest': `INSERT INTO manifests
      (repository, digest, media_type, size_bytes, content, annotations)
    SELECT $1, 'sha256:' || encode(sha256(convert_to('none' || n, 'UTF8')), 'hex'),
      'application/vnd.oci.image.manifest.v1+json', 2, '{}', '{}' FROM generate_series(1, $2) n`,
} as const;

export type Kind = keyof typeof DAMAGES;

const UNTAGGED = `
  CREATE TEMPORARY TABLE IF NOT EXISTS untagged AS
  SELECT digest, row_number() OVER (ORDER BY digest) AS nth FROM manifests
  WHERE repository = $1
    AND NOT EXISTS (SELECT FROM tags
                    WHERE tags.repository = $1 AND tags.digest = manifests.digest)`;

/** Does so many of each kind to a site's database. */
export async function damage(
  databaseUrl: string,
  repository: RepositoryName,
  { kinds, count }: { readonly kinds: readonly Kind[]; readonly count: number },
): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(UNTAGGED.replaceAll('$1', `'${repository}'`));
    for (const kind of kinds) {
      const text = DAMAGES[kind].replaceAll('$1', `'${repository}'`);
      await client.query(text.replaceAll('$2', String(count)));
    }
  } finally {
    await client.end();
  }
}

/** So many rows of each sort, for all that {@link DAMAGES} does to half of them. */
export async function fill(
  { metadata }: Pick<TestPorts, 'metadata'>,
  repository: RepositoryName,
  count: number,
): Promise<void> {
  const record = async (word: string, tags: readonly string[]) => {
    await metadata.linkBlob({ repository, digest: blobOf(word), sizeBytes: 1, actor: '' });
    await metadata.recordManifest({
      repository,
      manifest: imageOf(word),
      tags: tags.map((tag) => tagNamed(tag)),
      mayOverwrite: true,
      actor: '',
    });
  };
  await record(`${repository} spare`, ['spare']);
  await record(`${repository} tagged`, numbered('a', count).concat(numbered('b', count)));
  for (let nth = 1; nth <= 2 * count; nth++) await record(`${repository} ${nth}`, []);
}

function numbered(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, nth) => `${letter}${nth + 1}`);
}

/** All that a site knows, as texts. */
export async function readAll({ snapshot }: Pick<TestPorts, 'snapshot'>): Promise<string[]> {
  const found: string[] = [];
  for (const part of SNAPSHOT_PARTS) {
    let after: SnapshotKey | undefined;
    do {
      const page = await snapshot.read(part, after);
      found.push(...page.rows.map((row) => `${part} ${JSON.stringify(row)}`));
      after = page.through;
    } while (after);
  }
  return found;
}
