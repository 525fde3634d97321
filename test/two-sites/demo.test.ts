/** What the README promises of `npm start`, done with docker itself. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Session } from '../clients/client.ts';
import { Content } from '../clients/content.ts';
import { docker } from '../clients/drivers/docker.ts';
import type { Layout } from '../support/images/image.ts';
import { requireProgram } from '../support/programs/commands.ts';
import { type Daemon, startDaemon } from '../support/programs/daemon.ts';
import { findPort } from '../support/programs/program.ts';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));

const POLL_MS = 100;

describe('the demo', function () {
  this.timeout(120_000);
  const content = new Content();
  let folder: string;
  let port: number;
  let demo: Daemon | undefined;
  const sessions: Session[] = [];

  before(async function () {
    for (const program of docker.programs) requireProgram(program, this);
    folder = await mkdtemp(join(tmpdir(), 'meridian-demo-'));
    port = await findTwoPorts();
    demo = await startDemo(folder, port);
  });
  after(async () => {
    for (const session of sessions) await session.close();
    await demo?.stop();
    await content.remove();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** docker with a store of its own, logged in at a site. */
  async function dockerAt(sitePort: number): Promise<Session> {
    const password = await wordBehind('password', demo!);
    const home = await mkdtemp(join(folder, 'docker-'));
    const registry = { host: `127.0.0.1:${sitePort}`, user: 'admin', password };
    const session = await docker.open(home, registry);
    sessions.push(session);
    return session;
  }

  it('takes an image through the secondary, and has it at the primary at once', async () => {
    const layout = await content.layout('image');
    const [primary, secondary] = [await dockerAt(port), await dockerAt(port + 1)];
    await secondary.push(layout, 'demo/through');
    await expectPull(primary, 'demo/through', layout);
  });

  it('gives an image at the secondary after the primary was stopped', async () => {
    const layout = await content.layout('image');
    const [primary, secondary] = [await dockerAt(port), await dockerAt(port + 1)];
    await primary.push(layout, 'demo/first');
    await untilCopied(folder);
    process.kill(Number(await wordBehind('kill', demo!)), 'SIGTERM');
    await untilGone(port);
    await expectPull(secondary, 'demo/first', layout);
  });
});

async function expectPull(session: Session, repository: string, layout: Layout): Promise<void> {
  const { images } = await session.pull(repository);
  for (const [path, hash] of layout.images[0]!.files) {
    expect(images[0]?.get(path), path).to.equal(hash);
  }
}

function startDemo(data: string, port: number): Promise<Daemon> {
  return startDaemon({
    command: [process.execPath, MAIN, 'demo', '--port', `${port}`],
    env: { MERIDIAN_DATA: data },
    probe: async () => {
      for (const site of [port, port + 1]) {
        const { ok } = await fetch(`http://127.0.0.1:${site}/readyz`);
        if (!ok) throw new Error('not ready');
      }
    },
  });
}

/** The first one, once it is printed; the demo names the primary before its secondaries. */
async function wordBehind(word: string, demo: Daemon): Promise<string> {
  for (;;) {
    const found = new RegExp(`${word} (\\S+)`).exec(demo.output())?.[1];
    if (found !== undefined) return found;
    await wait(POLL_MS);
  }
}

/** The demo takes a port and the next one. */
async function findTwoPorts(): Promise<number> {
  for (;;) {
    const port = await findPort();
    if (port < 65_535 && (await isFree(port + 1))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/`).then(
    () => false,
    () => true,
  );
}

/** Until every blob of the primary lies at the secondary too. */
async function untilCopied(data: string): Promise<void> {
  const list = async (site: string): Promise<string[]> => {
    const files = await readdir(join(data, site, 'content'), { recursive: true });
    return files.filter((file) => /[0-9a-f]{64}$/.test(file)).sort();
  };
  const wanted = await list('primary');
  expect(wanted.length, 'blobs at the primary').to.be.above(0);
  while ((await list('secondary')).join() !== wanted.join()) await wait(POLL_MS);
}

async function untilGone(port: number): Promise<void> {
  while (!(await isFree(port))) await wait(POLL_MS);
}
