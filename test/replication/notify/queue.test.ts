import { expect } from 'chai';
import { type QueueOptions, WebhookQueue } from '../../../replication/notify/queue.ts';
import { createLog } from '../../../src/log.ts';
import type { Digest } from '../../../src/oci/digest.ts';
import { systemRandomness as randomness } from '../../../src/randomness.ts';
import type { Letter, Reception } from '../../../src/storage/events/courier.ts';
import { MemoryCourier } from '../../../src/storage/memory/events/courier.ts';
import { MemoryOutbox } from '../../../src/storage/memory/events/outbox.ts';
import { MemoryWebhooks } from '../../../src/storage/memory/events/webhooks.ts';
import { MemoryFacts } from '../../../src/storage/memory/facts.ts';
import { MemoryArrivals } from '../../../src/storage/memory/geo/arrivals.ts';
import { MemoryMetadata } from '../../../src/storage/memory/metadata.ts';
import { MovableClock } from '../../support/auth-stand.ts';
import { blobOf, imageOf, patternOf, repositoryNamed } from '../../support/content.ts';

const log = createLog('silent');
const repository = repositoryNamed('acme/app');
const never = new AbortController().signal;
const REFUSED = { status: 400 };
const ILL = { status: 503 };
const TAKEN = { status: 200 };

describe('the queue of a webhook', () => {
  let clock: MovableClock;
  let webhooks: MemoryWebhooks;
  let outbox: MemoryOutbox;
  let arrivals: MemoryArrivals;
  let metadata: MemoryMetadata;
  let queue: WebhookQueue;
  let posted: Letter[];
  let answer: (letter: Letter) => Reception | Promise<Reception>;

  beforeEach(async () => {
    clock = new MovableClock();
    const facts = new MemoryFacts({ clock });
    webhooks = new MemoryWebhooks(facts);
    outbox = new MemoryOutbox(facts);
    arrivals = new MemoryArrivals(facts);
    metadata = new MemoryMetadata(facts);
    posted = [];
    answer = () => TAKEN;
    queue = makeQueue({});
    await enable(true);
  });

  const makeQueue = (settings: Partial<QueueOptions>) => {
    const courier = new MemoryCourier((letter) => {
      posted.push(letter);
      return answer(letter);
    });
    const limits = { webhookAttempts: 5, webhookExpiryMs: 24 * 3_600_000 };
    const identity = { cluster: 'acme' };
    const named = { identity, site: 'tokyo' };
    const common = { webhooks, outbox, courier, clock, randomness, log, ...named };
    return new WebhookQueue('ci', { ...common, ...limits, ...settings });
  };
  const enable = (isEnabled: boolean) => {
    const types = ['image.complete'] as const;
    const wants = { types, repositories: [patternOf('**')], sites: [] };
    return webhooks.record({ name: 'ci', url: 'http://ci.test/', isEnabled, wants });
  };
  const arrive = async (word: string, ...sites: string[]): Promise<Digest> => {
    const manifest = imageOf(word);
    await metadata.linkBlob({ repository, digest: blobOf(word), sizeBytes: 1, actor: '' });
    const put = { repository, manifest, tags: [], mayOverwrite: true, actor: '' };
    await metadata.recordManifest(put);
    const { digest } = manifest;
    const at = clock.now();
    await arrivals.record(sites.map((site) => ({ site, repository, digest, at })));
    return digest;
  };
  const told = () =>
    posted.map(({ body }) => {
      const { data } = JSON.parse(body) as { data: { site: string; digest: Digest } };
      return `${data.digest} at ${data.site}`;
    });
  const runFor = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      await queue.run(never);
      clock.pass(1);
    }
  };
  const states = async () =>
    (await outbox.list('ci', { limit: 99 })).map(({ state, attempts }) => [state, attempts]);

  it('tells each event once, in the order of its image', async () => {
    const one = await arrive('a', 'lisbon', 'oslo');
    const other = await arrive('b', 'lisbon');
    expect(await queue.run(never)).to.equal(0);
    expect(await queue.run(never)).to.equal(0);
    expect(await queue.run(never)).to.be.greaterThan(0);
    const first = [`${one} at lisbon`, `${other} at lisbon`].sort();
    expect(told()).to.deep.equal([...first, `${one} at oslo`]);
    expect(posted.map(({ url }) => url)).to.deep.equal(Array(3).fill('http://ci.test/'));
    expect(await states()).to.deep.equal(Array.from({ length: 3 }, () => ['delivered', 1]));
  });

  it('tries again what failed, later and later, with the same id, and says why', async () => {
    await arrive('a', 'lisbon');
    answer = () => REFUSED;
    await queue.run(never);
    const [failed] = await outbox.list('ci', { limit: 1 });
    expect(failed).to.include({ state: 'waiting', reason: 'refused', message: 'answered 400' });
    const pauses: number[] = [];
    for (const tries of [2, 3, 4]) {
      const waitMs = (await queue.run(never))!;
      expect(await states()).to.deep.equal([['waiting', tries - 1]]);
      pauses.push(waitMs);
      clock.pass(waitMs / 1000);
      await queue.run(never);
    }
    for (const [index, pause] of pauses.entries()) {
      expect(pause, `pause ${index}`).to.be.within(500 * 2 ** index, 1000 * 2 ** index);
    }
    expect(new Set(posted.map(({ headers }) => headers['webhook-id'])).size).to.equal(1);
  });

  it('holds back what follows on what failed, and nothing else', async () => {
    const one = await arrive('a', 'lisbon', 'oslo');
    answer = () => REFUSED;
    await queue.run(never);
    answer = () => TAKEN;
    const other = await arrive('b', 'lisbon');
    await queue.run(never);
    expect(told()).to.deep.equal([`${one} at lisbon`, `${other} at lisbon`]);
    await runFor(3);
    expect(told().slice(2)).to.deep.equal([`${one} at lisbon`, `${one} at oslo`]);
  });

  it('gives up all that is old while nobody answers, without a try of each (A51)', async () => {
    queue = makeQueue({ webhookExpiryMs: 600_000, webhookAttempts: 1000 });
    answer = () => ILL;
    for (const word of ['a', 'b', 'c', 'd', 'e', 'f']) await arrive(word, 'lisbon', 'oslo');
    await runFor(30);
    const before = posted.length;
    clock.pass(600);
    await arrive('g', 'lisbon');
    await queue.run(never);
    expect(posted.length - before).to.equal(1);
    expect((await states()).filter(([state]) => state === 'dead')).to.have.lengthOf(12);
    expect((await states())[0]).to.deep.equal(['waiting', 1]);
  });

  it('gives up after so many tries, and goes on with the next', async () => {
    const one = await arrive('a', 'lisbon', 'oslo');
    answer = ({ body }) => (body.includes('oslo') ? TAKEN : REFUSED);
    await runFor(60);
    expect(told().filter((text) => text === `${one} at lisbon`)).to.have.lengthOf(5);
    expect(told().at(-1)).to.equal(`${one} at oslo`);
    expect(await states()).to.deep.equal([
      ['delivered', 1],
      ['dead', 5],
    ]);
    await outbox.redeliver('ci', clock.now());
    answer = () => TAKEN;
    await runFor(1);
    expect(told().at(-1)).to.equal(`${one} at lisbon`);
    expect(await outbox.count('ci')).to.deep.equal({ waiting: 0, dead: 0, dropped: 0 });
  });

  it('gives up what is old', async () => {
    queue = makeQueue({ webhookAttempts: 1000, webhookExpiryMs: 60_000 });
    await arrive('a', 'lisbon');
    answer = () => REFUSED;
    await runFor(200);
    expect(await outbox.count('ci')).to.deep.equal({ waiting: 0, dead: 1, dropped: 0 });
    const [dead] = await outbox.list('ci', { limit: 1 });
    expect(dead!.triedAt!.getTime() - dead!.queuedAt.getTime()).to.be.within(60_000, 130_000);
  });

  it('leaves a webhook alone that does not answer, and comes back with one at a time', async () => {
    queue = makeQueue({ webhookAttempts: 1000 });
    const words = Array.from({ length: 40 }, (_, index) => `w${index}`);
    for (const word of words) await arrive(word, 'lisbon');
    answer = () => ILL;
    await runFor(600);
    // Four at once thrice, and then once a minute in the long run.
    expect(posted.length).to.be.within(20, 45);
    answer = () => TAKEN;
    posted.splice(0);
    await runFor(80);
    expect(posted.length).to.be.greaterThan(30);
    await runFor(300);
    expect(await outbox.count('ci')).to.deep.equal({ waiting: 0, dead: 0, dropped: 0 });
  });

  it('is as patient with a webhook as that one asks for', async () => {
    const own = { threshold: 1, backoffMs: 20_000, timeoutMs: 700 };
    await webhooks.record({ ...(await webhooks.find('ci'))!, ...own });
    await arrive('a', 'lisbon');
    answer = () => ILL;
    expect(await queue.run(never)).to.be.within(10_000, 20_000);
    expect(posted.map(({ timeoutMs }) => timeoutMs)).to.deep.equal([700]);
    clock.pass(20);
    expect(await queue.run(never)).to.be.within(20_000, 40_000);
    expect(posted).to.have.lengthOf(2);
  });

  it('gives each image its turn, however much waits of another', async () => {
    for (let count = 0; count < 3; count += 1) await arrive('a', `lisbon${count}`);
    const images = ['b', 'c', 'd', 'e', 'f', 'g', 'h'];
    for (const word of images) await arrive(word, 'lisbon');
    await queue.run(never);
    await queue.run(never);
    expect(new Set(told().map((text) => text.split(' ')[0])).size).to.equal(8);
  });

  it('tells the next in spite of one that is refused', async () => {
    queue = makeQueue({ webhookAttempts: 1000 });
    const bad = await arrive('bad', 'lisbon');
    answer = ({ body }) => (body.includes(bad) ? REFUSED : TAKEN);
    await runFor(600);
    const good = await arrive('good', 'lisbon');
    await queue.run(never);
    expect(told()).to.include(`${good} at lisbon`);
  });

  it('has four under way at most', async () => {
    const words = Array.from({ length: 10 }, (_, index) => `w${index}`);
    for (const word of words) await arrive(word, 'lisbon');
    let [open, most] = [0, 0];
    answer = async () => {
      most = Math.max(most, (open += 1));
      await new Promise(setImmediate);
      open -= 1;
      return TAKEN;
    };
    await runFor(4);
    expect(most).to.equal(4);
    expect(posted).to.have.lengthOf(10);
  });

  it('leaves as it was what its own end cut off', async () => {
    await arrive('a', 'lisbon');
    const ending = new AbortController();
    answer = () => {
      ending.abort();
      return { failure: 'broken' };
    };
    await queue.run(ending.signal);
    expect(await states()).to.deep.equal([['waiting', 0]]);
  });

  it('ends with its webhook, and sends nothing while that is disabled', async () => {
    await arrive('a', 'lisbon');
    await enable(false);
    expect(await queue.run(never)).to.equal(undefined);
    await webhooks.delete('ci');
    expect(await queue.run(never)).to.equal(undefined);
    expect(posted).to.deep.equal([]);
  });
});
