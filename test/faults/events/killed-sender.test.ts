import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { openReceiver, type Receiver } from '../../storage/http/receiver.ts';
import { openPostgresPorts } from '../../support/ports.ts';
import { makeImage, push, send, until } from '../../two-sites/client.ts';
import { startPrimary, type TestSite } from '../../two-sites/site.ts';
import { randomFrom } from '../seed.ts';

const SENDER = fileURLToPath(new URL('./sender.js', import.meta.url));
const SETTINGS = { MERIDIAN_WEBHOOK_NETWORKS: '127.0.0.0/8' };
const IS_FULL = process.env['EVENTS'] === 'full';
const KILLS = IS_FULL ? 100 : 3;
/** The moments of the kills follow from it. */
const SEED = 51;
const REPOSITORIES = ['acme/a', 'acme/b', 'acme/c', 'other/d'];
/** A kill comes after so many more letters at most, and a moment that no step ends at. */
const MOST_LETTERS = 20;
const SPREAD_MS = 30;
/** So many letters of a repository may wait while it is pushed to. */
const AHEAD = 50;

interface Notified {
  readonly id: string;
  readonly target: { readonly repository: string; readonly tag?: string };
}

/** What was told of manifests, in the order in which it came. */
function readTold({ told }: Receiver): { repository: string; number: number; id: string }[] {
  return told
    .flatMap(({ body }) => (JSON.parse(body) as { events: Notified[] }).events)
    .filter(({ target }) => target.tag !== undefined)
    .map(({ id, target }) => {
      return { id, repository: target.repository, number: Number(target.tag!.slice(1)) };
    });
}

/** @returns how many came once more */
function expectInOrder(receiver: Receiver, repository: string, pushed: number): number {
  const told = readTold(receiver).filter((one) => one.repository === repository);
  const ids = new Map<number, string>();
  let last = -1;
  for (const { number, id } of told) {
    // What was under way when the sender was killed comes once more, before anything else does.
    expect(number, `${repository}:v${number} behind v${last}`).to.be.within(last, last + 1);
    expect(ids.get(number) ?? id, `the id of ${repository}:v${number}`).to.equal(id);
    ids.set(number, id);
    last = number;
  }
  expect(last + 1, `pushes to ${repository} that were told`).to.equal(pushed);
  return told.length - ids.size;
}

describe(`a sender of events that is killed ${KILLS} times under pushes`, function () {
  this.timeout(IS_FULL ? 900_000 : 60_000);
  let ports: Awaited<ReturnType<typeof openPostgresPorts>>;
  let site: TestSite;
  let receivers: Receiver[];
  let sender: ChildProcess | undefined;

  beforeEach(async () => {
    ports = await openPostgresPorts();
    site = await startPrimary('tokyo', ports, SETTINGS);
    await site.stopReplication();
    receivers = [await openReceiver(), await openReceiver()];
  });

  afterEach(async () => {
    await kill();
    await site.stop();
    await Promise.all(receivers.map((one) => one.close()));
    await ports.close();
  });

  const register = async (name: string, url: string) => {
    const body = { url, format: 'distribution', types: ['push'] };
    const answer = await send(`${site.url}/api/v1/webhooks/${name}`, {
      method: 'PUT',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).to.equal(201);
  };
  const start = () => {
    sender = spawn(process.execPath, [SENDER, ports.databaseUrl], { stdio: 'ignore' });
  };
  const kill = async () => {
    const killed = sender;
    sender = undefined;
    if (!killed || killed.exitCode !== null || killed.signalCode !== null) return;
    const exited = once(killed, 'exit');
    killed.kill('SIGKILL');
    await exited;
  };

  /** Pushes image after image, and gives how many the site acknowledged. */
  const pushOn = async (repository: string, signal: AbortSignal): Promise<number> => {
    let count = 0;
    for (; !signal.aborted; count += 1) {
      await push({ site: site.url, name: `${repository}:v${count}` }, makeImage());
      const isAhead = () =>
        count - readTold(receivers[0]!).filter((one) => one.repository === repository).length;
      await until('the sender follows', async () => signal.aborted || isAhead() < AHEAD);
    }
    return count;
  };

  it('tells each push under one id, in the order of its image, whoever else is gone', async () => {
    const random = randomFrom(SEED);
    const gone = await openReceiver();
    await gone.close();
    await register('gone', gone.url);
    await register('one', receivers[0]!.url);
    await register('other', receivers[1]!.url);
    const ending = new AbortController();
    const pushing = Promise.all(REPOSITORIES.map((name) => pushOn(name, ending.signal)));
    for (let kills = 0; kills < KILLS; kills += 1) {
      start();
      const goal = receivers[0]!.told.length + 1 + Math.floor(random() * MOST_LETTERS);
      await until('it sends', async () => receivers[0]!.told.length >= goal);
      await new Promise((resolve) => setTimeout(resolve, random() * SPREAD_MS));
      await kill();
    }
    start();
    ending.abort();
    const pushed = await pushing;
    for (const name of ['one', 'other']) {
      await until('all is told', async () => (await ports.outbox.count(name)).waiting === 0);
    }
    let again = 0;
    for (const receiver of receivers) {
      for (const [index, repository] of REPOSITORIES.entries()) {
        again += expectInOrder(receiver, repository, pushed[index]!);
      }
    }
    const { waiting, dead } = await ports.outbox.count('gone');
    expect(waiting).to.be.above(0);
    expect(dead).to.equal(0);
    const sum = pushed.reduce((total, count) => total + count, 0);
    process.stdout.write(`      ${sum} pushes, each told to two, ${again} of them twice\n`);
  });
});
