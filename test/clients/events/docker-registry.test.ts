/** Debian's docker-registry tells us of its images, and skopeo pulls our copies of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { EVENTS_TYPE } from '../../../src/oci/events/incoming.ts';
import { basic } from '../../conformance/client.ts';
import type { Layout } from '../../support/images/image.ts';
import { requireProgram } from '../../support/programs/commands.ts';
import {
  type DockerRegistry,
  startDockerRegistry,
} from '../../support/programs/docker-registry.ts';
import { ADMIN, type Started, startProgram } from '../../support/programs/program.ts';
import type { Session } from '../client.ts';
import { Content } from '../content.ts';
import { skopeo } from '../drivers/skopeo.ts';
import { expectFiles } from '../matrix.ts';

interface ImageText {
  readonly tag: string;
  readonly state: string;
  readonly digest: string;
  readonly copiedAs: string;
  readonly message?: string;
}

const AS_ADMIN = { authorization: basic(ADMIN), 'content-type': 'application/json' };

describe('events of docker-registry', function () {
  this.timeout(120_000);
  const content = new Content();
  const env = { MERIDIAN_UPSTREAM_NETWORKS: '127.0.0.1' };
  let home: string;
  let site: Started;
  let registry: DockerRegistry;
  let token: string;
  let layout: Layout;

  before(async function () {
    for (const program of ['skopeo', 'docker-registry']) requireProgram(program, this);
    home = await mkdtemp(join(tmpdir(), 'events-'));
    site = await startProgram({ data: join(home, 'data'), env });
    ({ token } = await ask<{ token: string }>('registry_events/token'));
    const url = new URL('/api/v1/registry_events', site.url).href;
    const headers = { Authorization: [`Bearer ${token}`] };
    const endpoint = { name: 'meridian', url, headers, timeout: '2s', threshold: 3, backoff: '1s' };
    registry = await startDockerRegistry({ config: { notifications: { endpoints: [endpoint] } } });
    await ask('virtual_upstreams/partner', { url: registry.url, copyTo: 'mirrors/partner' });
    layout = await content.write('told', 'index');
  });
  after(async () => {
    await registry?.stop();
    await site?.stop();
    await content.remove();
    if (home) await rm(home, { recursive: true, force: true });
  });

  /** A GET, or a PUT where there is a body. */
  const ask = async <T>(path: string, body?: object): Promise<T> => {
    const init = body ? { method: 'PUT', body: JSON.stringify(body) } : {};
    const url = new URL(`/api/v1/${path}`, site.url);
    const answer = await fetch(url, { ...init, headers: AS_ADMIN });
    const text = await answer.text();
    expect(answer.ok, text).to.equal(true);
    return JSON.parse(text) as T;
  };
  const untilCopied = async (tag: string): Promise<ImageText> => {
    for (let said = ''; ; await sleep(50)) {
      const { images } = await ask<{ images: ImageText[] }>('external_images');
      const found = images.find((image) => image.tag === tag);
      if (found?.state === 'copied') return found;
      if (found?.state === 'failed') throw new Error(`it was given up: ${found.message}`);
      if (JSON.stringify(images) !== said) said = JSON.stringify(images);
    }
  };
  const openSession = (host: string): Promise<Session> =>
    skopeo.open(home, { host, user: ADMIN.user, password: ADMIN.password });

  it('bring what is pushed there here, whole and with equal digests', async () => {
    const there = await openSession(new URL(registry.url).host);
    await there.push(layout, 'team/told');
    const told = await untilCopied('v1');
    expect(told).to.include({ digest: layout.digest, copiedAs: 'mirrors/partner/team/told' });
    const here = await openSession(site.url.host);
    const pulled = await here.pull('mirrors/partner/team/told');
    expect(pulled.digests).to.deep.equal([layout.digest]);
    expectFiles(pulled, layout);
  });

  it('are not lost when the site is killed while it copies', async () => {
    process.kill(registry.pid, 'SIGSTOP');
    const { origin } = new URL(registry.url);
    const url = `${origin}/v2/team/told/manifests/${layout.digest}`;
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const target = { mediaType, digest: layout.digest, repository: 'team/told', tag: 'v2', url };
    const event = { id: 'after-the-kill', timestamp: new Date().toISOString(), action: 'push' };
    const answer = await fetch(new URL('/api/v1/registry_events', site.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': EVENTS_TYPE },
      body: JSON.stringify({ events: [{ ...event, target }] }),
    });
    expect(await answer.json()).to.deep.equal({ received: 1, recorded: 1, queued: 1 });
    const port = Number(site.url.port);
    await site.stop('SIGKILL');
    site = await startProgram({ data: join(home, 'data'), port, env });
    process.kill(registry.pid, 'SIGCONT');
    expect(await untilCopied('v2')).to.include({ digest: layout.digest });
  });
});
