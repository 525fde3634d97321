/** How each part of a snapshot is read. */
import type { Policy } from '../../../oci/lifecycle/policy.ts';
import type { VirtualRegistry, VirtualUpstream } from '../../../oci/virtual-registry.ts';
import type { AccessTokenFact, AccountFact, Fact, SiteFact } from '../../change-log.ts';
import type { SnapshotPart } from '../../geo/snapshot.ts';
import { REGISTRY, UPSTREAM } from '../virtual/registries.ts';

interface Part {
  readonly table: string;
  /** Columns of the primary key, in its order. */
  readonly key: readonly string[];
  /** A page behind `{range}`, with the columns of the key among its columns. */
  readonly sql: string;
  /** What a row says, as one number for the checksum: the same at every site, never null. */
  readonly hash: string;
  readonly toFact?: (row: never) => Fact;
}

export const PAGE_ROWS = 500;

/** A page of manifests ends behind the one with which it holds so many bytes. */
export const PAGE_BYTES = 4 * 1024 * 1024;

type RecordedFact = Extract<Fact, { kind: 'manifest-recorded' }>;
type LinkedFact = Extract<Fact, { kind: 'blob-linked' }>;
type ManifestRow = Omit<RecordedFact, 'kind' | 'tags' | 'actor' | 'content' | 'pushedAt'>;
type TagRow = ManifestRow & {
  readonly name: RecordedFact['tags'][number];
  readonly actor: string;
  readonly pushedAt: Date;
};

export const PARTS: Readonly<Record<SnapshotPart, Part>> = {
  sites: {
    table: 'sites',
    key: ['name'],
    sql: `SELECT name, url, public_key AS "publicKey", place, is_paused AS "isPaused"
          FROM sites {range} ORDER BY name LIMIT ${PAGE_ROWS}`,
    hash: hashOf(['CAST(jsonb_build_array(name, url, public_key, place, is_paused) AS text)']),
    toFact: (site: SiteFact) => ({ kind: 'site-recorded', site: withoutNulls(site) }),
  },
  accounts: {
    table: 'accounts',
    key: ['name'],
    sql: `SELECT name, kind, password_hash AS "passwordHash", is_disabled AS "isDisabled",
            tokens_valid_after AS "tokensValidAfter", grants, groups,
            expires_at AS "expiresAt", owner, subject, external_name AS "externalName"
          FROM accounts {range} ORDER BY name LIMIT ${PAGE_ROWS}`,
    hash: hashOf([
      `CAST(jsonb_build_array(name, kind, password_hash, is_disabled,
         extract(epoch FROM tokens_valid_after), grants, groups,
         extract(epoch FROM expires_at), owner, subject, external_name) AS text)`,
    ]),
    toFact: (account: AccountFact) => ({
      kind: 'account-recorded',
      account: withoutNulls(account),
    }),
  },
  tokens: {
    table: 'access_tokens',
    key: ['id'],
    sql: `SELECT id, account, label, secret_hash AS "secretHash", actions, patterns,
            expires_at AS "expiresAt"
          FROM access_tokens {range} ORDER BY id LIMIT ${PAGE_ROWS}`,
    hash: hashOf([
      `CAST(jsonb_build_array(id, account, label, secret_hash, actions, patterns,
         extract(epoch FROM expires_at)) AS text)`,
    ]),
    toFact: (token: AccessTokenFact) => ({
      kind: 'access-token-recorded',
      token: withoutNulls(token),
    }),
  },
  upstreams: {
    table: 'upstreams',
    key: ['name'],
    sql: `SELECT ${UPSTREAM} FROM upstreams {range} ORDER BY name LIMIT ${PAGE_ROWS}`,
    hash: hashOf(['CAST(to_jsonb(upstreams) AS text)']),
    toFact: (upstream: VirtualUpstream) => ({
      kind: 'upstream-recorded',
      upstream: withoutNulls(upstream),
    }),
  },
  'virtual-registries': {
    table: 'virtual_registries',
    key: ['name'],
    sql: `SELECT ${REGISTRY} FROM virtual_registries {range} ORDER BY name LIMIT ${PAGE_ROWS}`,
    hash: hashOf([`CAST((SELECT to_jsonb(row_of) FROM (SELECT ${REGISTRY}) AS row_of) AS text)`]),
    toFact: (registry: VirtualRegistry) => ({
      kind: 'virtual-registry-recorded',
      registry: withoutNulls(registry),
    }),
  },
  policies: {
    table: 'policies',
    key: ['path', 'kind', 'name'],
    sql: `SELECT path, kind, name, rule
          FROM policies {range} ORDER BY path, kind, name LIMIT ${PAGE_ROWS}`,
    hash: hashOf(['path', 'kind', 'name', 'CAST(rule AS text)']),
    toFact: ({ rule: policy }: { readonly rule: Policy }) => ({ kind: 'policy-recorded', policy }),
  },
  repositories: {
    table: 'repositories',
    key: ['name'],
    sql: `SELECT name FROM repositories {range} ORDER BY name LIMIT ${PAGE_ROWS}`,
    hash: hashOf(['name']),
  },
  links: {
    table: 'blob_links',
    key: ['repository', 'digest'],
    sql: `SELECT repository, digest, size_bytes AS "sizeBytes"
          FROM blob_links {range} ORDER BY repository, digest LIMIT ${PAGE_ROWS}`,
    hash: hashOf(['repository', 'digest'], 'size_bytes'),
    toFact: (row: LinkedFact) => ({ ...row, kind: 'blob-linked', actor: '' }),
  },
  manifests: {
    table: 'manifests',
    key: ['repository', 'digest'],
    sql: `SELECT repository, digest, "mediaType", "sizeBytes", content FROM (
            SELECT repository, digest, media_type AS "mediaType", size_bytes AS "sizeBytes",
              content, sum(size_bytes) OVER (ORDER BY repository, digest) AS total
            FROM manifests {range} ORDER BY repository, digest LIMIT ${PAGE_ROWS}
          ) AS page WHERE total - "sizeBytes" < ${PAGE_BYTES} ORDER BY repository, digest`,
    hash: hashOf(
      ['repository', 'digest', 'media_type', "encode(sha256(content), 'hex')"],
      'size_bytes',
    ),
    toFact: ({ content, ...row }: ManifestRow & { readonly content: Buffer }) => ({
      ...toRecorded(row, []),
      content: content.toString('base64'),
    }),
  },
  tags: {
    table: 'tags',
    key: ['repository', 'name'],
    sql: `SELECT repository, name, digest, media_type AS "mediaType", size_bytes AS "sizeBytes",
            pushed_at AS "pushedAt", pushed_by AS actor
          FROM (SELECT * FROM tags {range} ORDER BY repository, name LIMIT ${PAGE_ROWS}) AS page
          JOIN manifests USING (repository, digest) ORDER BY repository, name`,
    hash: hashOf(
      ['repository', 'name', 'digest', 'pushed_by'],
      "CAST(date_part('epoch', pushed_at) * 1000000 AS bigint)",
    ),
    toFact: ({ name, actor, pushedAt, ...row }: TagRow) => ({
      ...toRecorded(row, [name]),
      actor,
      pushedAt: pushedAt.toISOString(),
    }),
  },
};

/**
 * What words and a number come to in 64 bits: each word is hashed with what came of those before it
 * as the seed. These are the functions by which PostgreSQL partitions tables, so they stay what
 * they are; a text that is put together for a cryptographic one costs several times as much.
 */
function hashOf(words: readonly string[], number = '0'): string {
  return words.reduce((seed, word) => `hashtextextended(${word}, ${seed})`, number);
}

function toRecorded(row: ManifestRow, tags: RecordedFact['tags']): RecordedFact {
  return { ...row, kind: 'manifest-recorded', tags, actor: '' };
}

/** What a row has no value of is absent in a fact. */
function withoutNulls<Row extends object>(row: Row): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Row;
}
