/**
 * A site with virtual registries over two real ones: Debian's `docker-registry`, which asks nobody,
 * and another registry of our own, which asks for a token.
 */
import { expect } from 'chai';
import { basic } from '../../conformance/client.ts';
import type { Layout } from '../../support/images/image.ts';
import { run } from '../../support/programs/commands.ts';
import { startDockerRegistry } from '../../support/programs/docker-registry.ts';
import { ADMIN, type Started, startProgram } from '../../support/programs/program.ts';
import { Content } from '../content.ts';

/** Paths of images below the virtual registry, one at each upstream. */
export const PLAIN_IMAGE = 'library/plain';
export const PRIVATE_IMAGE = 'team/private/app';

export interface VirtualStand {
  readonly url: URL;
  /** The same site by another name, under which everybody may use the mirror. */
  readonly mirror: string;
  /** What {@link PLAIN_IMAGE} and {@link PRIVATE_IMAGE} are, at their upstreams. */
  readonly layouts: Readonly<Record<string, Layout>>;
  /** Ends both upstreams, for good. */
  stopUpstreams(): Promise<void>;
  close(): Promise<void>;
}

export async function openVirtualStand(): Promise<VirtualStand> {
  const content = new Content();
  const [plain, other, site] = await Promise.all([
    startDockerRegistry(),
    startProgram({ env: { MERIDIAN_CLUSTER: 'other' } }),
    startProgram({ env: { MERIDIAN_UPSTREAM_NETWORKS: '127.0.0.1' } }),
  ]);
  const stopUpstreams = async () => {
    await plain.stop();
    await other.stop();
  };
  const layouts = {
    [PLAIN_IMAGE]: await content.write('plain', 'image'),
    [PRIVATE_IMAGE]: await content.write('private', 'index'),
  };
  await push(layouts[PLAIN_IMAGE], `${new URL(plain.url).host}/${PLAIN_IMAGE}`);
  await push(layouts[PRIVATE_IMAGE], `${other.url.host}/${PRIVATE_IMAGE}`);
  const mirror = site.url.host.replace('127.0.0.1', 'localhost');
  await setUp(site, { plain: plain.url, other: other.url.origin, mirror });
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
  readonly other: string;
  readonly mirror: string;
}

async function setUp(site: Started, { plain, other, mirror }: Places): Promise<void> {
  const put = async (path: string, body: object) => {
    const answer = await fetch(new URL(`/api/v1/virtual_${path}`, site.url), {
      method: 'PUT',
      body: JSON.stringify(body),
      headers: { authorization: basic(ADMIN), 'content-type': 'application/json' },
    });
    expect(answer.status, await answer.text()).to.equal(201);
  };
  const login = { username: ADMIN.user, password: ADMIN.password };
  await put('upstreams/plain', { url: plain, namespace: 'docker.io' });
  await put('upstreams/other', { url: other, ...login, exclusive: ['team/**'] });
  await put('registries/all', { upstreams: ['plain', 'other'] });
  await put('registries/open', { upstreams: ['plain'], hosts: [mirror], isPublic: true });
}
