/** A site behind nginx, as `deploy/nginx` sets both up. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'mocha';
import { requireProgram } from '../support/programs/commands.ts';
import { type Front, startNginx } from '../support/programs/nginx.ts';
import { type Started, startProgram } from '../support/programs/program.ts';

export const LOCATION = '/meridian-blobs/';

/** What a site behind nginx is told. */
export const BEHIND_NGINX = {
  // What clients are told is to follow from what nginx says of them.
  MERIDIAN_PUBLIC_URL: '',
  MERIDIAN_TRUSTED_PROXIES: '127.0.0.1',
  MERIDIAN_ACCEL_LOCATION: LOCATION,
};

export interface NginxStand {
  readonly site: Started;
  readonly front: Front;
  /** The folder of blobs. */
  readonly blobs: string;
  /** For whatever else a test wants to keep as long. */
  readonly folder: string;
  close(): Promise<void>;
}

/** @param env of the site, beside what it is told about nginx */
export async function openNginxStand(
  test?: Context,
  env: Readonly<Record<string, string>> = {},
): Promise<NginxStand> {
  if (test) requireProgram('nginx', test);
  const folder = await mkdtemp(join(tmpdir(), 'meridian-nginx-'));
  const site = await startProgram({ env: { ...BEHIND_NGINX, ...env } });
  const blobs = join(site.data, 'content', 'blobs');
  const close = async () => {
    await site.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const front = await startNginx({ folder, sites: [site.url.host], blobs });
    return { site, front, blobs, folder, close: () => front.stop().then(close) };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Another nginx in front of the same site, which takes this for the folder of blobs. */
export async function openFront(
  { site, folder }: NginxStand,
  blobs: string,
): Promise<Front & AsyncDisposable> {
  const own = await mkdtemp(join(folder, 'front-'));
  const front = await startNginx({ folder: own, sites: [site.url.host], blobs });
  return { ...front, [Symbol.asyncDispose]: () => front.stop() };
}
