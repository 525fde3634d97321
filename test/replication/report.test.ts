import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { report } from '../../replication/report.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { createLog } from '../../src/log.ts';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { OCI_INDEX } from '../../src/oci/media-type.ts';
import type { RepositoryName } from '../../src/oci/reference.ts';
import type { SelfReport } from '../../src/storage/geo/primary-site.ts';
import type { SiteFigures } from '../../src/storage/geo/site-reports.ts';
import { UpstreamFailure } from '../../src/storage/upstream.ts';
import { figuresOf } from '../geo/status/site-figures.ts';
import { type Deferred, defer } from '../support/deferred.ts';
import { openMemoryPorts, type TestPorts } from '../support/ports.ts';
import { until } from '../two-sites/client.ts';

const repository = 'acme/app' as RepositoryName;
const log = createLog('silent');

/** No test waits for pauses between reports; a bell is waited for. */
const clock: Clock = {
  ...systemClock,
  sleep: (milliseconds, signal) =>
    milliseconds < 500 ? turn() : systemClock.sleep(milliseconds / 50, signal),
};

/** Whoever waits for longer than to gather waits until somebody rings. */
const lingering: Clock = {
  ...clock,
  sleep: (milliseconds, signal) => {
    if (milliseconds <= 25) return turn();
    return new Promise((_, reject) => {
      const end = () => reject(new Error('somebody rang'));
      if (signal!.aborted) end();
      signal!.addEventListener('abort', end);
    });
  },
};

interface Sent extends Deferred<void> {
  readonly report: SelfReport;
}

describe('reports', () => {
  let ports: TestPorts;
  let sent: Sent[];
  let ending: AbortController;
  let reporting: Promise<void>;

  const start = (given = clock) => {
    const primarySite = {
      report: (told: SelfReport, signal: AbortSignal) => {
        const answer = { ...defer(), report: told };
        sent.push(answer);
        const stop = () => answer.reject(new UpstreamFailure('it was stopped'));
        if (signal.aborted) stop();
        signal.addEventListener('abort', stop);
        return answer.promise;
      },
    };
    const status = { read: async () => figuresOf('lisbon') };
    const options = { ...ports, primarySite, status, site: 'lisbon', clock: given, log };
    return report(options, ending.signal);
  };
  /** An index without children is whole as soon as it is known. */
  const arrive = async (word: string): Promise<Digest> => {
    const empty = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [], annotations: { word } };
    const content = Buffer.from(JSON.stringify(empty));
    const digest = digestOf(content);
    const fact = {
      kind: 'manifest-recorded',
      repository,
      digest,
      mediaType: OCI_INDEX,
      sizeBytes: content.length,
      tags: [],
      actor: 'admin',
      content: content.toString('base64'),
    } as const;
    const position = (await ports.changeLog.head()) + 1;
    await ports.changeLog.apply([{ position, fact, epoch: 2, at: new Date() }]);
    return digest;
  };
  const toldIn = (report: Sent) => report.report.arrivals.map(({ digest }) => digest);
  const untilTold = async (digest: Digest): Promise<Sent> => {
    await until('it is told', async () => sent.some((each) => toldIn(each).includes(digest)));
    return sent.find((each) => toldIn(each).includes(digest))!;
  };

  beforeEach(async () => {
    ports = await openMemoryPorts();
    await ports.sites.recordRole('secondary', 2);
    sent = [];
    ending = new AbortController();
    reporting = start();
  });

  afterEach(async () => {
    ending.abort();
    await reporting;
  });

  it('tell what arrives while others are on their way, and nothing twice', async () => {
    const [first, second] = [await arrive('first'), await arrive('second')];
    await untilTold(second);
    const third = await arrive('third');
    await untilTold(third);
    expect(sent.flatMap(toldIn).toSorted()).to.deep.equal([first, second, third].toSorted());
    for (const each of sent) each.resolve();
    await until('all is told', async () => (await ports.arrivals.listUntold(9)).length === 0);
  });

  it('of what arrives do not wait because others are on their way', async () => {
    ending.abort();
    await reporting;
    ending = new AbortController();
    reporting = start(lingering);
    for (const word of ['first', 'second', 'third']) await untilTold(await arrive(word));
  });

  it('are only so many at once, and the next goes when one came through', async () => {
    for (let n = 0; n < 12; n++) await untilSentMore(() => arrive(`image ${n}`));
    expect(sent.length).to.equal(8);
    sent[2]!.resolve();
    await until('there is one more', async () => sent.length === 9);
  });

  it('say since when the primary knows of all pulls, once it was told of them', async () => {
    const pull = { repository, reference: '' as const, at: new Date(0) };
    await ports.imagePulls.record([pull]);
    await until('one is sent', async () => sent.length > 0);
    expect(sent[0]!.report.figures).not.to.have.property('pullsToldSecondsAgo');
    await until('all is told', async () => {
      for (const each of sent) each.resolve();
      return (await ports.imagePulls.listUntold(9)).length === 0;
    });
    await untilSentMore(() => arrive('another'));
    const { pullsToldSecondsAgo } = sent.at(-1)!.report.figures as SiteFigures;
    expect(pullsToldSecondsAgo).to.be.within(0, 20);
  });

  it('that failed are told again', async () => {
    const digest = await arrive('first');
    const failed = await untilTold(digest);
    failed.reject(new UpstreamFailure('the line broke off'));
    await until('it is told again', async () => {
      for (const each of sent) each.resolve();
      return sent.filter((each) => toldIn(each).includes(digest)).length > 1;
    });
    await until('all is told', async () => (await ports.arrivals.listUntold(9)).length === 0);
  });

  async function untilSentMore(act: () => Promise<unknown>): Promise<void> {
    const before = sent.length;
    await act();
    if (before < 8) await until('one more is sent', async () => sent.length > before);
    else for (let turns = 0; turns < 20; turns++) await turn();
  }
});
