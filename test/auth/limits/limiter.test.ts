import { expect } from 'chai';
import { openShares } from '../../../src/auth/limits/limiter.ts';
import { LockOut } from '../../../src/auth/lock-out.ts';
import { RegistryError } from '../../../src/oci/error.ts';

describe('limits of several processes without a store of their own', () => {
  it('bear together what one process would, wherever each try goes', async () => {
    const processes = 4;
    const openLimiter = openShares(processes);
    const lockOuts = Array.from(
      { length: processes },
      () => new LockOut({ key: 'k', openLimiter }),
    );
    const tries = Array.from({ length: 60 }, (_, n) => ({ n, lockOut: lockOuts[n % processes]! }));
    let borne = 0;
    for (const { n, lockOut } of tries) {
      const attempt = { name: 'ann', secret: `wrong ${n}`, address: '192.0.2.7' };
      const refusal = await lockOut.check(attempt).catch((error: unknown) => error);
      if (refusal === undefined) {
        borne += 1;
        await lockOut.countFailure(attempt, 'hash');
      } else expect(refusal).to.be.instanceOf(RegistryError);
    }
    expect(borne).to.be.within(10, 12);
  });
});
