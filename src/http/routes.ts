/**
 * All routes of the distribution API: method, path, what the caller must be allowed, who answers.
 */
import type { Answer } from './answer.ts';
import type { RouteAccess } from './authorize.ts';
import type { RoutePath } from './match-path.ts';
import { checkVersion, listExtensions } from './v2/base.ts';
import { deleteBlob, getBlob } from './v2/blobs.ts';
import type { Call } from './v2/call.ts';
import { listRepositories } from './v2/catalog.ts';
import { deleteManifest, getManifest, putManifest } from './v2/manifests.ts';
import { listReferrers } from './v2/referrers.ts';
import type { Services } from './v2/services.ts';
import { listTags } from './v2/tags.ts';
import {
  appendToUpload,
  cancelUpload,
  finishUpload,
  getUpload,
  startUpload,
} from './v2/uploads.ts';
import { getVirtualBlob } from './virtual/blobs.ts';
import { takeBlob, takeManifest } from './virtual/hand-over.ts';
import { listVirtualReferrers, listVirtualTags } from './virtual/lists.ts';
import { getVirtualManifest } from './virtual/manifests.ts';

export type Handler = (call: Call, services: Services) => Promise<Answer>;

export interface Route {
  /** A GET answers HEAD too: the body is left out where the answer is written. */
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: RoutePath;
  readonly access: RouteAccess;
  readonly handler: Handler;
  /** A secondary forwards it. */
  readonly needsPrimary: boolean;
  /** A secondary answers it by itself only while that is fresh enough. */
  readonly isList: boolean;
}

type Row = readonly [
  Route['method'],
  RoutePath,
  RouteAccess,
  Handler,
  /**
   * `primary`: concerns what only the primary holds or may change; a secondary forwards it.
   * `list`: lists what may move; a secondary forwards it where its own answer may be too old.
   */
  place?: 'primary' | 'list',
];

// biome-ignore format: one row, one route
const ROWS: readonly Row[] = [
  ['GET',    '/v2/',                             'token',   checkVersion],
  ['GET',    '/v2/_catalog',                     'catalog', listRepositories, 'list'],
  ['GET',    '/v2/_oci/ext/discover',            'token',   listExtensions],
  ['GET',    '/v2/<name>/tags/list',             'pull',    listTags,       'list'],
  ['GET',    '/v2/<name>/referrers/<digest>',    'pull',    listReferrers,  'list'],
  ['GET',    '/v2/<name>/manifests/<reference>', 'pull',    getManifest],
  ['PUT',    '/v2/<name>/manifests/<reference>', 'push',    putManifest,    'primary'],
  ['DELETE', '/v2/<name>/manifests/<reference>', 'delete',  deleteManifest, 'primary'],
  ['GET',    '/v2/<name>/blobs/<digest>',        'pull',    getBlob],
  ['DELETE', '/v2/<name>/blobs/<digest>',        'delete',  deleteBlob,     'primary'],
  ['POST',   '/v2/<name>/blobs/uploads/',        'push',    startUpload,    'primary'],
  ['GET',    '/v2/<name>/blobs/uploads/<id>',    'push',    getUpload,      'primary'],
  ['PATCH',  '/v2/<name>/blobs/uploads/<id>',    'push',    appendToUpload, 'primary'],
  ['PUT',    '/v2/<name>/blobs/uploads/<id>',    'push',    finishUpload,   'primary'],
  ['DELETE', '/v2/<name>/blobs/uploads/<id>',    'push',    cancelUpload,   'primary'],

  ['GET',    '/v2/<virtual>/tags/list',             'virtual', listVirtualTags],
  ['GET',    '/v2/<virtual>/referrers/<digest>',    'virtual', listVirtualReferrers],
  ['GET',    '/v2/<virtual>/manifests/<reference>', 'virtual', getVirtualManifest],
  ['GET',    '/v2/<virtual>/blobs/<digest>',        'virtual', getVirtualBlob],
  ['POST',   '/v2/<virtual>/manifests/<reference>/upload', 'upload-token', takeManifest],
  ['POST',   '/v2/<virtual>/blobs/<digest>/upload',        'upload-token', takeBlob],
];

export const ROUTES: readonly Route[] = ROWS.map(([method, path, access, handler, place]) => ({
  method,
  path,
  access,
  handler,
  needsPrimary: place === 'primary',
  isList: place === 'list',
}));

/** By path, then by method; HEAD leads to the row of GET. */
const BY_PATH = new Map<RoutePath, Map<string, Route>>();
for (const route of ROUTES) {
  const methods = BY_PATH.get(route.path) ?? new Map<string, Route>();
  BY_PATH.set(route.path, methods.set(route.method, route));
  if (route.method === 'GET') methods.set('HEAD', route);
}

export function findRoute(path: RoutePath, method: string): Route | undefined {
  return BY_PATH.get(path)?.get(method);
}

/** Value of the `Allow` header for a path. */
export function printAllow(path: RoutePath): string {
  return [...(BY_PATH.get(path)?.keys() ?? [])].join(', ');
}
