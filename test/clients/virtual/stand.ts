/**
 * A site with virtual registries over real ones: Debian's `docker-registry`, which asks nobody, the
 * same where it asks for a token, and another registry of our own, which asks for one too.
 */
import { expect } from 'chai';
import { basic } from '../../conformance/client.ts';
import type { Layout } from '../../support/images/image.ts';
import { run } from '../../support/programs/commands.ts';
import { startDockerRegistry } from '../../support/programs/docker-registry.ts';
import { ADMIN, type Started, startProgram } from '../../support/programs/program.ts';
import { startTokenServer } from '../../support/virtual/token-server.ts';
import { Content } from '../content.ts';

/** Of all upstreams that ask who is there. */
const ADMIN_CREDENTIALS = { username: ADMIN.user, password: ADMIN.password };

/** Paths of images below the virtual registry, one at each upstream. */
export const PLAIN_IMAGE = 'library/plain';
export const GUARDED_IMAGE = 'guarded/app';
export const PRIVATE_IMAGE = 'team/private/app';

export interface VirtualStand {
  readonly url: URL;
  /** The same site by another name, under which everybody may use the mirror. */
  readonly mirror: string;
  /** What each of these images is, at its upstream. */
  readonly layouts: Readonly<Record<string, Layout>>;
  /** Ends all upstreams, for good. */
  stopUpstreams(): Promise<void>;
  close(): Promise<void>;
}

export async function openVirtualStand(): Promise<VirtualStand> {
  const content = new Content();
  const tokens = await startTokenServer(ADMIN_CREDENTIALS);
  const plain = await startDockerRegistry();
  const [guarded, other, site] = await Promise.all([
    startDockerRegistry({ folder: plain.folder, config: { auth: tokens.auth } }),
    startProgram({ env: { MERIDIAN_CLUSTER: 'other' } }),
    startProgram({ env: { MERIDIAN_UPSTREAM_NETWORKS: '127.0.0.1' } }),
  ]);
  const stopUpstreams = async () => {
    await guarded.stop();
    await plain.stop();
    await other.stop();
    await tokens.close();
  };
  const layouts = {
    [PLAIN_IMAGE]: await content.write('plain', 'image'),
    [GUARDED_IMAGE]: await content.write('guarded', 'image'),
    [PRIVATE_IMAGE]: await content.write('private', 'index'),
  };
  await push(layouts[PLAIN_IMAGE], `${new URL(plain.url).host}/${PLAIN_IMAGE}`);
  // Through the door that asks nobody: both keep it in one folder.
  await push(layouts[GUARDED_IMAGE], `${new URL(plain.url).host}/${GUARDED_IMAGE}`);
  await push(layouts[PRIVATE_IMAGE], `${other.url.host}/${PRIVATE_IMAGE}`);
  const mirror = site.url.host.replace('127.0.0.1', 'localhost');
  const upstreams = { plain: plain.url, guarded: guarded.url, other: other.url.origin };
  await setUp(site, { ...upstreams, mirror });
  return {
    url: site.url,
    mirror,
    layouts,
    stopUpstreams,
    close: async () => {
      await stopUpstreams();
      await site.stop();
      await content.remove();
    },
  };
}

/** Byte for byte, as it is in the layout. */
async function push({ directory }: Layout, reference: string): Promise<void> {
  const words = ['--all', '--preserve-digests', '--dest-tls-verify=false'];
  const credentials = ['--dest-creds', `${ADMIN.user}:${ADMIN.password}`];
  const places = [`oci:${directory}:v1`, `docker://${reference}:v1`];
  await run(['skopeo', '--insecure-policy', 'copy', ...words, ...credentials, ...places]);
}

interface Places {
  readonly plain: string;
  readonly guarded: string;
  readonly other: string;
  readonly mirror: string;
}

async function setUp(site: Started, { plain, guarded, other, mirror }: Places): Promise<void> {
  const put = async (path: string, body: object) => {
    const answer = await fetch(new URL(`/api/v1/virtual_${path}`, site.url), {
      method: 'PUT',
      body: JSON.stringify(body),
      headers: { authorization: basic(ADMIN), 'content-type': 'application/json' },
    });
    expect(answer.status, await answer.text()).to.equal(201);
  };
  await put('upstreams/plain', { url: plain, namespace: 'docker.io' });
  await put('upstreams/guarded', {
    url: guarded,
    ...ADMIN_CREDENTIALS,
    exclusive: ['guarded/**'],
  });
  await put('upstreams/other', { url: other, ...ADMIN_CREDENTIALS, exclusive: ['team/**'] });
  await put('registries/all', { upstreams: ['plain', 'guarded', 'other'] });
  await put('registries/open', { upstreams: ['plain'], hosts: [mirror], isPublic: true });
}
