/** Which tables hold facts, and in which order they can be filled. */
import type { Client } from 'pg';
import type { ArchivedTable } from '../../backup/fact-archive.ts';

/**
 * What a site that begins anew does without. The log: a new one begins. Leases and uploads: of
 * processes and stagings that are gone. Log-ins: who was logged out since must stay so. The cache
 * of upstreams, and the bin of the garbage collection: their bytes are not kept.
 */
const LEFT_OUT = [
  'changes',
  'leases',
  'uploads',
  'refresh_tokens',
  'cached_%',
  'garbage_bin',
  'knex_%',
];

/** Generated columns are made again by the table itself. */
const LIST_TABLES = `
  SELECT relation.relname AS name, array_agg(CAST(attname AS text) ORDER BY attnum) AS columns
  FROM pg_class AS relation
  JOIN pg_attribute AS attribute ON attribute.attrelid = relation.oid
  WHERE relnamespace = CAST(current_schema AS regnamespace) AND relkind IN ('r', 'p')
    AND NOT relispartition AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    AND relation.relname NOT LIKE ALL ($1)
  GROUP BY relation.relname ORDER BY relation.relname`;

const LIST_REFERENCES = `
  SELECT child.relname AS child, parent.relname AS parent
  FROM pg_constraint
  JOIN pg_class AS child ON child.oid = conrelid JOIN pg_class AS parent ON parent.oid = confrelid
  WHERE contype = 'f' AND child.relnamespace = CAST(current_schema AS regnamespace)
    AND child.oid <> parent.oid`;

interface Reference {
  readonly child: string;
  readonly parent: string;
}

/** What is referred to comes first. */
export async function listTables(client: Client): Promise<ArchivedTable[]> {
  const { rows: tables } = await client.query<ArchivedTable>(LIST_TABLES, [LEFT_OUT]);
  const { rows: references } = await client.query<Reference>(LIST_REFERENCES);
  const ordered: ArchivedTable[] = [];
  const add = (table: ArchivedTable) => {
    if (ordered.includes(table)) return;
    const parents = references.filter(({ child }) => child === table.name);
    for (const { parent } of parents) {
      const before = tables.find(({ name }) => name === parent);
      if (before) add(before);
    }
    ordered.push(table);
  };
  for (const table of tables) add(table);
  return ordered;
}

export function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
