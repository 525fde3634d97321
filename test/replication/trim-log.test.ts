import { expect } from 'chai';
import { trimLog } from '../../replication/trim-log.ts';
import { type Clock, systemClock } from '../../src/clock.ts';
import { MemoryChangeLog } from '../../src/storage/memory/change-log.ts';
import { MemoryFacts } from '../../src/storage/memory/facts.ts';
import { MemorySiteReports } from '../../src/storage/memory/geo/site-reports.ts';
import { MemorySites } from '../../src/storage/memory/sites.ts';
import { figuresOf } from '../geo/status/site-figures.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** A primary that wrote a change every hour, the last one just now. */
async function openPrimary() {
  let nowMs = 0;
  const clock: Clock = { ...systemClock, now: () => new Date(nowMs) };
  const facts = new MemoryFacts({ clock });
  const ports = {
    changeLog: new MemoryChangeLog(facts),
    sites: new MemorySites(facts),
    siteReports: new MemorySiteReports(),
  };
  const publicKey = { x: 'x' };
  for (let hour = 0; hour < 100; hour++) {
    nowMs += HOUR_MS;
    const url = `https://h${hour}.example`;
    await ports.sites.recordSite({ name: 'tokyo', url, publicKey });
  }
  const trim = async (logRetentionMs = 14 * DAY_MS) => {
    await trimLog({ ...ports, site: 'tokyo', logRetentionMs, clock });
    return ports.changeLog.tail();
  };
  const tell = (site: string, appliedPosition: number) =>
    ports.siteReports.record({
      site,
      heardAt: clock.now(),
      figures: { ...figuresOf(site), appliedPosition },
    });
  return { ...ports, publicKey, trim, tell };
}

describe('trimming the log', () => {
  it('keeps the last hour where no other site is', async () => {
    const { trim } = await openPrimary();
    expect(await trim()).to.equal(98);
  });

  it('keeps what a site has not passed, also one that never said where it is', async () => {
    const { sites, publicKey, trim, tell } = await openPrimary();
    for (const name of ['lisbon', 'oslo']) {
      await sites.recordSite({ name, url: `https://${name}.example`, publicKey });
    }
    await tell('lisbon', 90);
    expect(await trim()).to.equal(0);
    await tell('oslo', 40);
    expect(await trim()).to.equal(40);
    await tell('oslo', 95);
    expect(await trim()).to.equal(90);
  });

  it('forgets by age what a site has not passed, at a secondary too', async () => {
    const { sites, publicKey, trim } = await openPrimary();
    await sites.recordSite({ name: 'lisbon', url: 'https://lisbon.example', publicKey });
    expect(await trim(2 * DAY_MS)).to.equal(51);
    await sites.recordRole('secondary', 2);
    expect(await trim(DAY_MS)).to.equal(75);
    expect(await trim(1)).to.equal(98);
  });
});
