/**
 * All migrations, in the order in which they run. One noun each, immutable once released.
 *
 * 0001 to 0019 are the log and the content, 0020 to 0039 are people and sites.
 */
import type { Knex } from 'knex';
import * as logHead from './0001-log-head.ts';
import * as changes from './0002-changes.ts';
import * as repositories from './0003-repositories.ts';
import * as manifests from './0004-manifests.ts';
import * as tags from './0005-tags.ts';
import * as blobs from './0006-blobs.ts';
import * as blobLinks from './0007-blob-links.ts';
import * as uploads from './0008-uploads.ts';
import * as accounts from './0020-accounts.ts';
import * as accessTokens from './0021-access-tokens.ts';
import * as refreshTokens from './0022-refresh-tokens.ts';
import * as identity from './0023-identity.ts';
import * as uploadKeys from './0024-upload-keys.ts';
import * as sites from './0025-sites.ts';
import * as invitations from './0026-invitations.ts';
import * as leases from './0027-leases.ts';

export const migrations: Readonly<Record<string, Knex.Migration>> = {
  '0001-log-head': logHead,
  '0002-changes': changes,
  '0003-repositories': repositories,
  '0004-manifests': manifests,
  '0005-tags': tags,
  '0006-blobs': blobs,
  '0007-blob-links': blobLinks,
  '0008-uploads': uploads,
  '0020-accounts': accounts,
  '0021-access-tokens': accessTokens,
  '0022-refresh-tokens': refreshTokens,
  '0023-identity': identity,
  '0024-upload-keys': uploadKeys,
  '0025-sites': sites,
  '0026-invitations': invitations,
  '0027-leases': leases,
};
