import { expect } from 'chai';
import { once } from '../../src/wire/once.ts';

describe('what is opened once', () => {
  it('is opened by one, however many ask, and kept', async () => {
    let calls = 0;
    const open = once(async () => ++calls);
    expect(await Promise.all([open(), open()])).to.deep.equal([1, 1]);
    expect(await open()).to.equal(1);
  });

  it('is tried anew after it failed for all who waited', async () => {
    let calls = 0;
    const open = once(async () => {
      calls += 1;
      if (calls === 1) throw new Error('the disk is away');
      return calls;
    });
    const outcomes = await Promise.allSettled([open(), open()]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected']);
    expect(await open()).to.equal(2);
  });
});
