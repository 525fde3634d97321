import { expect } from 'chai';
import { Pace } from '../../../src/geo/status/pace.ts';

type Note = readonly [seconds: number, counted: number, held?: number];

/** The pace after these amounts, each noted so many seconds after the first. */
function paceAfter(...notes: readonly Note[]): number {
  const pace = new Pace(60_000);
  for (const [seconds, counted, held = 0] of notes) {
    pace.note(new Date(1_000_000 + seconds * 1000), { counted, held });
  }
  return pace.perSecond();
}

describe('the pace of an amount', () => {
  it('is 0 until two were noted', () => {
    expect(paceAfter()).to.equal(0);
    expect(paceAfter([0, 500])).to.equal(0);
    expect(paceAfter([0, 500], [0, 900])).to.equal(0);
  });

  it('is that of its window', () => {
    expect(paceAfter([0, 0], [2, 100])).to.equal(50);
    expect(paceAfter([0, 0], [10, 90_000], [70, 90_600])).to.equal(10);
    expect(paceAfter([0, 0], [10, 90_000], [70, 90_600], [130, 90_600])).to.equal(0);
  });

  it('has what is held come and go', () => {
    expect(paceAfter([0, 0, 100], [10, 200, 0])).to.equal(10);
    expect(paceAfter([0, 0, 100], [10, 0, 50])).to.equal(-5);
  });

  it('takes a fall of what is counted for a counting that began anew', () => {
    expect(paceAfter([0, 5000], [10, 5100], [20, 0], [30, 200])).to.equal(10);
  });

  it('forgets what it is told to, but for the last amount', () => {
    const pace = new Pace(60_000);
    for (const [seconds, counted] of [
      [0, 0],
      [10, 9000],
    ] as const) {
      pace.note(new Date(seconds * 1000), { counted, held: 0 });
    }
    pace.forget();
    expect(pace.perSecond()).to.equal(0);
    pace.note(new Date(20_000), { counted: 9100, held: 0 });
    expect(pace.perSecond()).to.equal(10);
  });

  it('forgets the past where the clock was set back', () => {
    expect(paceAfter([0, 0], [100, 50], [50, 50], [60, 70])).to.equal(2);
  });
});
