import { expect } from 'chai';
import { Bandwidth } from '../../../replication/copy/bandwidth.ts';
import { systemClock } from '../../../src/clock.ts';
import { readBandwidth } from '../../../src/config/bandwidth.ts';

/** A clock that stands still, and notes how long it was asked to sleep. */
function standingClock(hours: number, minutes = 0) {
  const naps: number[] = [];
  let now = new Date(2026, 2, 4, hours, minutes);
  const sleep = async (milliseconds: number) => void naps.push(Math.round(milliseconds));
  const pass = (milliseconds: number) => {
    now = new Date(now.getTime() + milliseconds);
  };
  return { clock: { ...systemClock, now: () => now, sleep }, naps, pass };
}

describe('bandwidth', () => {
  it('is shared by all who copy, and what was not used is not saved up', async () => {
    const { clock, naps, pass } = standingClock(12);
    const bandwidth = new Bandwidth(readBandwidth('10MB/s')!, clock);
    for (let times = 0; times < 4; times += 1) await bandwidth.take(1_000_000);
    expect(naps).to.deep.equal([100, 200, 300]);
    pass(60_000);
    await bandwidth.take(1_000_000);
    await bandwidth.take(1_000_000);
    expect(naps.slice(3)).to.deep.equal([100]);
  });

  it('follows the windows of the day, over midnight too', async () => {
    const windows = readBandwidth('22:00-06:00=unlimited, 06:00-22:00=1MB/s')!;
    const cases = [
      [5, 59, []],
      [6, 0, [1000]],
      [21, 59, [1000]],
      [22, 0, []],
      [0, 0, []],
    ] as const;
    for (const [hours, minutes, expected] of cases) {
      const { clock, naps } = standingClock(hours, minutes);
      const bandwidth = new Bandwidth(windows, clock);
      await bandwidth.take(1_000_000);
      await bandwidth.take(1_000_000);
      expect(naps).to.deep.equal(expected);
    }
  });

  it('is not limited outside of all windows', async () => {
    const { clock, naps } = standingClock(12);
    const bandwidth = new Bandwidth(readBandwidth('08:00-09:00=1kB/s')!, clock);
    await bandwidth.take(1e9);
    await bandwidth.take(1e9);
    expect(naps).to.deep.equal([]);
  });

  it('is refused where it is written wrong', () => {
    const wrong = [
      '',
      '10',
      '10 MB/s',
      '0MB/s',
      '25:00-06:00=1MB/s',
      '06:00-07:61=1MB/s',
      '1MB/s,',
    ];
    for (const text of wrong) expect(readBandwidth(text), text).to.equal(undefined);
    const right = [{ from: 0, to: 1440, bytesPerSecond: 1500 }];
    expect(readBandwidth('1.5kB/s')).to.deep.equal(right);
  });
});
