/** All routes of the distribution API: method, path, what the caller must be allowed, who answers. */
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

export type Handler = (call: Call, services: Services) => Promise<Answer>;

export interface Route {
  /** A GET answers HEAD too: the body is left out where the answer is written. */
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: RoutePath;
  readonly access: RouteAccess;
  readonly handler: Handler;
  /** Concerns what only the primary holds or may change; a secondary forwards it. */
  readonly needsPrimary?: boolean;
}

const needsPrimary = true;

// biome-ignore format: one row, one route
export const ROUTES: readonly Route[] = [
  { method: 'GET',    path: '/v2/',                             access: 'token',   handler: checkVersion },
  { method: 'GET',    path: '/v2/_catalog',                     access: 'catalog', handler: listRepositories },
  { method: 'GET',    path: '/v2/_oci/ext/discover',            access: 'token',   handler: listExtensions },
  { method: 'GET',    path: '/v2/<name>/tags/list',             access: 'pull',    handler: listTags },
  { method: 'GET',    path: '/v2/<name>/referrers/<digest>',    access: 'pull',    handler: listReferrers },
  { method: 'GET',    path: '/v2/<name>/manifests/<reference>', access: 'pull',    handler: getManifest },
  { method: 'PUT',    path: '/v2/<name>/manifests/<reference>', access: 'push',    handler: putManifest,    needsPrimary },
  { method: 'DELETE', path: '/v2/<name>/manifests/<reference>', access: 'delete',  handler: deleteManifest, needsPrimary },
  { method: 'GET',    path: '/v2/<name>/blobs/<digest>',        access: 'pull',    handler: getBlob },
  { method: 'DELETE', path: '/v2/<name>/blobs/<digest>',        access: 'delete',  handler: deleteBlob,     needsPrimary },
  { method: 'POST',   path: '/v2/<name>/blobs/uploads/',        access: 'push',    handler: startUpload,    needsPrimary },
  { method: 'GET',    path: '/v2/<name>/blobs/uploads/<id>',    access: 'push',    handler: getUpload,      needsPrimary },
  { method: 'PATCH',  path: '/v2/<name>/blobs/uploads/<id>',    access: 'push',    handler: appendToUpload, needsPrimary },
  { method: 'PUT',    path: '/v2/<name>/blobs/uploads/<id>',    access: 'push',    handler: finishUpload,   needsPrimary },
  { method: 'DELETE', path: '/v2/<name>/blobs/uploads/<id>',    access: 'push',    handler: cancelUpload,   needsPrimary },
];

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
