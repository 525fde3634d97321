/** What every maker of `SiteReports` keeps. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { SiteReport, SiteReports } from '../../../src/storage/geo/site-reports.ts';
import { figuresOf } from '../../geo/status/site-figures.ts';
import { until } from '../../two-sites/client.ts';

function reportOf(site: string, rest: Parameters<typeof figuresOf>[1] = {}): SiteReport {
  return { site, heardAt: new Date('2026-01-02T03:04:06.789Z'), figures: figuresOf(site, rest) };
}

export function describeSiteReportsContract(name: string, open: () => Promise<SiteReports>): void {
  describe(`SiteReports: ${name}`, () => {
    let reports: SiteReports;

    before(async () => {
      reports = await open();
    });

    it('finds nothing of a site that said nothing', async () => {
      expect(await reports.find('rome')).to.equal(undefined);
      expect(await reports.list()).to.deep.equal([]);
    });

    it('finds what a site said last, and nothing of what it said before', async () => {
      await reports.record(reportOf('oslo', { isPaused: true, lagSeconds: null }));
      const later = new Date('2026-01-02T03:04:08.001Z');
      const last = { ...reportOf('oslo', { bytesBehind: 5_000_000_000 }), heardAt: later };
      await reports.record(last);
      expect(await reports.find('oslo')).to.deep.equal(last);
    });

    it('lists what all sites said, by their names', async () => {
      await reports.record(reportOf('rome'));
      await reports.record(reportOf('lisbon'));
      const sites = (await reports.list()).map(({ site }) => site);
      expect(sites).to.deep.equal(['lisbon', 'oslo', 'rome']);
    });

    it('passes over what a later report overtook, but not for long', async () => {
      const say = (appliedPosition: number, second: number) =>
        reports.record({
          ...reportOf('quito', { appliedPosition }),
          heardAt: new Date(Date.UTC(2026, 0, 2, 3, 4, second)),
        });
      const find = async () => (await reports.find('quito'))?.figures.appliedPosition;
      await say(8, 10);
      await say(7, 19);
      expect(await find()).to.equal(8);
      await say(8, 11);
      await say(7, 21);
      expect(await find()).to.equal(7);
      await reports.delete('quito');
    });

    it('forgets a site, also one that it never knew', async () => {
      await reports.delete('rome');
      await reports.delete('rome');
      expect(await reports.find('rome')).to.equal(undefined);
    });

    it('wakes who watches, until they stop', async () => {
      let calls = 0;
      const stop = reports.watch(() => {
        calls += 1;
      });
      await reports.record(reportOf('oslo'));
      await until('it was woken', async () => calls > 0);
      stop();
      const before = calls;
      await reports.record(reportOf('oslo'));
      await sleep(30);
      expect(calls).to.equal(before);
    });
  });
}
