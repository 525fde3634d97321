import { expect } from 'chai';
import { printBytes, printPercent, printSeconds } from '../../src/cli/amounts.ts';

describe('amounts for people', () => {
  it('prints bytes in the unit that leaves at most three digits before the point', () => {
    const printed = [0, 999, 1000, 999_949, 999_950, 1_234_567_890].map(printBytes);
    expect(printed).to.deep.equal(['0 B', '999 B', '1.0 kB', '999.9 kB', '1.0 MB', '1.2 GB']);
  });

  it('prints times in two units at most, and a dash for none', () => {
    const printed = [0, 0.412, 59, 60, 3599, 5400, 90_000, null].map(printSeconds).join();
    expect(printed).to.equal('0 s,0.4 s,59 s,1 min,1 h 0 min,1 h 30 min,1 d 1 h,–');
  });

  it('prints a dash for the share of nothing', () => {
    expect([printPercent(99.9), printPercent(null)]).to.deep.equal(['99.9 %', '–']);
  });
});
