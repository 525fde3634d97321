/**
 * What this site has cached of upstreams, each row by upstream and image.
 *
 *     cached_tags --> cached_manifests --> cached_parts --> manifests of the same image
 *                                                      \-> blobs, whose bytes are in the store
 *
 * A part is what a manifest names. The rows with a blob's digest keep its bytes in the blob store.
 */
import type { Knex } from 'knex';

export async function up(knex: Knex): Promise<void> {
  await createManifests(knex);
  await createParts(knex);
  await createTags(knex);
}

/** An entry is what neither a tag nor a cached index names; its use is when it was read last. */
async function createManifests(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE cached_manifests (
      upstream text COLLATE "C" NOT NULL REFERENCES upstreams ON DELETE CASCADE,
      image text COLLATE "C" NOT NULL,
      digest text COLLATE "C" NOT NULL,
      media_type text NOT NULL,
      size_bytes bigint NOT NULL,
      content bytea,
      checked_at timestamptz NOT NULL,
      is_entry boolean NOT NULL DEFAULT true,
      pulls bigint NOT NULL DEFAULT 0,
      since timestamptz NOT NULL,
      pulled_at timestamptz,
      used_at timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(pulled_at, since)) STORED,
      PRIMARY KEY (upstream, image, digest)
    )`);
  await knex.raw(`
    CREATE INDEX cached_manifests_entries ON cached_manifests (upstream, image, digest)
    WHERE is_entry`);
  await knex.raw(`
    CREATE INDEX cached_manifests_used ON cached_manifests (upstream, used_at) WHERE is_entry`);
}

async function createParts(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE cached_parts (
      upstream text COLLATE "C" NOT NULL,
      image text COLLATE "C" NOT NULL,
      manifest text COLLATE "C" NOT NULL,
      digest text COLLATE "C" NOT NULL,
      is_manifest boolean NOT NULL,
      size_bytes bigint NOT NULL,
      is_here boolean NOT NULL DEFAULT false,
      PRIMARY KEY (upstream, image, manifest, digest),
      FOREIGN KEY (upstream, image, manifest) REFERENCES cached_manifests ON DELETE CASCADE
    )`);
  await knex.raw('CREATE INDEX cached_parts_named ON cached_parts (upstream, image, digest)');
  // Who names a blob, and what all of them come to, each counted once: from the index alone.
  await knex.raw(`
    CREATE INDEX cached_parts_blobs ON cached_parts (digest, upstream)
    INCLUDE (size_bytes, is_here) WHERE NOT is_manifest`);
}

/** A tag without a digest says that the upstream had none. */
async function createTags(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE cached_tags (
      upstream text COLLATE "C" NOT NULL REFERENCES upstreams ON DELETE CASCADE,
      image text COLLATE "C" NOT NULL,
      tag text COLLATE "C" NOT NULL,
      digest text COLLATE "C",
      checked_at timestamptz NOT NULL,
      pulls bigint NOT NULL DEFAULT 0,
      since timestamptz NOT NULL,
      pulled_at timestamptz,
      used_at timestamptz NOT NULL GENERATED ALWAYS AS (coalesce(pulled_at, since)) STORED,
      PRIMARY KEY (upstream, image, tag),
      FOREIGN KEY (upstream, image, digest) REFERENCES cached_manifests ON DELETE CASCADE
    )`);
  await knex.raw(`
    CREATE INDEX cached_tags_entries ON cached_tags (upstream, image, tag)
    WHERE digest IS NOT NULL`);
  await knex.raw('CREATE INDEX cached_tags_named ON cached_tags (upstream, image, digest)');
  await knex.raw(`
    CREATE INDEX cached_tags_used ON cached_tags (upstream, used_at) WHERE digest IS NOT NULL`);
  await knex.raw(`
    CREATE INDEX cached_tags_absent ON cached_tags (upstream, checked_at) WHERE digest IS NULL`);
}

export async function down(knex: Knex): Promise<void> {
  await knex.schema.dropTable('cached_tags');
  await knex.schema.dropTable('cached_parts');
  await knex.schema.dropTable('cached_manifests');
}
