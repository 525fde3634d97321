import { expect } from 'chai';
import { decide, Freshness, type FreshnessSettings } from '../../src/geo/freshness.ts';
import type { LogHead } from '../../src/storage/change-log.ts';

const SETTINGS: FreshnessSettings = {
  consistency: { mode: 'bounded', maxAgeMs: 10_000 },
  whenPrimaryAway: 'serve-stale',
};

describe('decide', () => {
  it('asks always under strong, never under eventual', () => {
    for (const ageMs of [undefined, 0, 1e9]) {
      expect(decide({ mode: 'strong' }, ageMs)).to.equal('primary');
      expect(decide({ mode: 'eventual' }, ageMs)).to.equal('local');
    }
  });

  it('answers under bounded only what is proven to be younger', () => {
    const bounded = { mode: 'bounded', maxAgeMs: 500 } as const;
    expect(decide(bounded, 499)).to.equal('local');
    expect(decide(bounded, 500)).to.equal('primary');
    expect(decide(bounded, undefined)).to.equal('primary');
    expect(decide({ mode: 'bounded' }, 9999)).to.equal('local');
    expect(decide({ mode: 'bounded' }, 10_000)).to.equal('primary');
  });
});

describe('Freshness', () => {
  let now: number;
  let head: LogHead;
  let queries: number;
  let slowMs: number;
  let owed: number;

  const readHead = async () => {
    queries += 1;
    now += slowMs;
    return head;
  };
  const open = (settings: FreshnessSettings = SETTINGS) => {
    const clock = { elapsedMs: () => now };
    return new Freshness({ changeLog: { readHead }, clock, passage: { owed } }, settings);
  };

  beforeEach(() => {
    [now, queries, slowMs, owed] = [5000, 0, 0, 0];
    head = { position: 3, ageMs: 400 };
  });

  it('lets a proof that it remembers grow older', async () => {
    const freshness = open();
    expect(await freshness.judge()).to.include({ mayAnswer: true, position: 3, ageMs: 400 });
    now += 100;
    expect(await freshness.judge()).to.include({ mayAnswer: true, ageMs: 500 });
    expect(queries).to.equal(1);
  });

  it('answers nothing until what was written here has come, but under eventual', async () => {
    owed = 4;
    const freshness = open();
    expect(await freshness.judge()).to.include({ mayAnswer: false, position: 3 });
    expect(await freshness.judge({ mode: 'eventual' })).to.include({ mayAnswer: true });
    head = { position: 4, ageMs: 400 };
    expect(await freshness.judge()).to.include({ mayAnswer: true, position: 4 });
  });

  it('reads again after a while, and shares the query', async () => {
    const freshness = open();
    await freshness.judge();
    now += 1000;
    head = { position: 4, ageMs: 50 };
    const standings = await Promise.all(Array.from({ length: 20 }, () => freshness.judge()));
    for (const standing of standings) expect(standing).to.include({ position: 4, ageMs: 50 });
    expect(queries).to.equal(2);
  });

  it('reads again where what it remembers is too old', async () => {
    const freshness = open();
    head = { position: 3, ageMs: 9_950 };
    await freshness.judge();
    now += 60;
    head = { position: 3, ageMs: 10 };
    expect(await freshness.judge()).to.include({ mayAnswer: true, ageMs: 10 });
  });

  it('does not read again at once what was too old when it was read', async () => {
    const freshness = open();
    head = { position: 3, ageMs: 20_000 };
    for (let n = 0; n < 10; n++) {
      expect(await freshness.judge()).to.include({ mayAnswer: false });
      now += 4;
    }
    expect(queries).to.equal(1);
    now += 20;
    head = { position: 4, ageMs: 10 };
    expect(await freshness.judge()).to.include({ mayAnswer: true, position: 4 });
  });

  it('counts the time that the query took', async () => {
    slowMs = 30;
    expect(await open().judge()).to.include({ ageMs: 430 });
  });

  it('takes the word of the request over that of the site', async () => {
    const freshness = open({ ...SETTINGS, consistency: { mode: 'strong' } });
    expect(await freshness.judge()).to.include({ mayAnswer: false, isStrong: true });
    expect(await freshness.judge({ mode: 'bounded' })).to.include({ mayAnswer: true });
    const short = { mode: 'bounded', maxAgeMs: 300 } as const;
    expect(await freshness.judge(short)).to.include({ mayAnswer: false, isStrong: false });
  });

  it('bounds as the site does where the request says no number', async () => {
    const site = { mode: 'bounded', maxAgeMs: 100 } as const;
    const freshness = open({ ...SETTINGS, consistency: site });
    expect(await freshness.judge({ mode: 'bounded' })).to.include({ mayAnswer: false });
  });

  it('never answers from a site that heard of no proof, but under eventual', async () => {
    head = { position: 0 };
    expect(await open().judge()).to.deep.include({ mayAnswer: false, position: 0 });
    expect(await open().judge({ mode: 'eventual' })).not.to.have.property('ageMs');
  });

  it('remembers nothing of a query that failed', async () => {
    const broken = { changeLog: { readHead: () => Promise.reject(new Error('away')) } };
    const freshness = new Freshness(
      { ...broken, clock: { elapsedMs: () => now }, passage: { owed } },
      SETTINGS,
    );
    for (let n = 0; n < 2; n++) {
      const error = await freshness.judge().catch((failure: unknown) => failure);
      expect(error).to.be.an('error');
    }
  });
});
