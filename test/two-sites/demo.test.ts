/** What the README promises of `npm start`, done with docker itself. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import type { Session } from '../clients/client.ts';
import { Content } from '../clients/content.ts';
import { docker } from '../clients/drivers/docker.ts';
import type { Layout } from '../support/images/image.ts';
import { requireProgram } from '../support/programs/commands.ts';
import type { Daemon } from '../support/programs/daemon.ts';
import { type Demo, isAnswering, startDemo } from '../support/programs/demo.ts';
import { until } from './client.ts';

const SITES = 3;
const POLL_MS = 100;

describe('the demo', function () {
  this.timeout(120_000);
  const content = new Content();
  let folder: string;
  let demo: Demo | undefined;
  const sessions: Session[] = [];

  before(async function () {
    for (const program of docker.programs) requireProgram(program, this);
    folder = await mkdtemp(join(tmpdir(), 'meridian-demo-'));
    demo = await startDemo(folder, SITES);
  });
  after(async () => {
    for (const session of sessions) await session.close();
    await demo?.stop();
    await content.remove();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** One docker, logged in at each site. */
  async function openDocker(): Promise<Session[]> {
    const password = await wordBehind('password', demo!);
    const home = await mkdtemp(join(folder, 'docker-'));
    const registries = demo!.urls.map((url) => {
      return { host: new URL(url).host, user: 'admin', password };
    });
    const first = await docker.open(home, registries[0]!);
    sessions.push(first);
    const all = [first];
    for (const registry of registries.slice(1)) all.push(await first.at(registry));
    return all;
  }

  const untilTold = (line: RegExp) =>
    until(`the demo tells ${line.source}`, async () => line.test(demo!.output()));

  it('takes an image through one secondary, and has it at every site at once', async () => {
    const layout = await content.layout('image');
    const [primary, secondary, third] = (await openDocker()) as [Session, Session, Session];
    await secondary.push(layout, 'demo/through');
    await untilTold(/ secondary +pushed +demo\/through:v1 +4 blobs, 4\.5 MB, passed on/);
    await expectPull(primary, 'demo/through', layout);
    await untilTold(/ primary +pulled +demo\/through:v1$/m);
    await expectPull(third, 'demo/through', layout);
    await untilTold(/ secondary-2 +pulled +demo\/through:v1 /);
  });

  it('gives an image at the secondary after the primary was stopped', async () => {
    const layout = await content.layout('image');
    const [primary, secondary] = (await openDocker()) as [Session, Session];
    await primary.push(layout, 'demo/first');
    await untilTold(/ secondary +arrived +demo\/first:v1 /);
    process.kill(Number(await wordBehind('kill', demo!)), 'SIGTERM');
    await untilGone(Number(new URL(demo!.urls[0]!).port));
    await expectPull(secondary, 'demo/first', layout);
  });
});

async function expectPull(session: Session, repository: string, layout: Layout): Promise<void> {
  const { images } = await session.pull(repository);
  for (const [path, hash] of layout.images[0]!.files) {
    expect(images[0]?.get(path), path).to.equal(hash);
  }
}

/** The first one, once it is printed; the demo names the primary before its secondaries. */
async function wordBehind(word: string, demo: Daemon): Promise<string> {
  for (;;) {
    const found = new RegExp(`${word} (\\S+)`).exec(demo.output())?.[1];
    if (found !== undefined) return found;
    await wait(POLL_MS);
  }
}

async function untilGone(port: number): Promise<void> {
  while (await isAnswering(port)) await wait(POLL_MS);
}
