import { expect } from 'chai';
import { Pace } from '../../../src/geo/status/pace.ts';

/** The pace after these numbers, each noted so many seconds after the first. */
function paceAfter(...notes: readonly (readonly [seconds: number, value: number])[]): number {
  const pace = new Pace();
  for (const [seconds, value] of notes) pace.note(new Date(1_000_000 + seconds * 1000), value);
  return pace.perSecond();
}

describe('the pace of a number', () => {
  it('is 0 until two were noted', () => {
    expect(paceAfter()).to.equal(0);
    expect(paceAfter([0, 500])).to.equal(0);
    expect(paceAfter([0, 500], [0, 900])).to.equal(0);
  });

  it('is that of the last half minute', () => {
    expect(paceAfter([0, 0], [2, 100])).to.equal(50);
    expect(paceAfter([0, 0], [10, 90_000], [40, 90_300])).to.equal(10);
    expect(paceAfter([0, 0], [10, 90_000], [40, 90_300], [70, 90_300])).to.equal(0);
  });

  it('begins anew with a number that fell, or a clock that was set back', () => {
    expect(paceAfter([0, 5000], [10, 0], [20, 100])).to.equal(10);
    expect(paceAfter([0, 0], [100, 50], [50, 50], [60, 70])).to.equal(2);
  });
});
