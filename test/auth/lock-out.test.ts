import { expect } from 'chai';
import { LockOut, networkOf } from '../../src/auth/lock-out.ts';
import { RegistryError } from '../../src/oci/error.ts';

describe('lock-out', () => {
  const attempt = { name: 'ann', secret: 'wrong', address: '192.0.2.1' };

  async function fail(lockOut: LockOut, times: number, change: Partial<typeof attempt> = {}) {
    for (let count = 0; count < times; count += 1) {
      await lockOut.countFailure({ ...attempt, ...change, secret: `wrong-${count}` }, 'hash');
    }
  }

  async function isLocked(lockOut: LockOut, change: Partial<typeof attempt> = {}) {
    try {
      await lockOut.check({ ...attempt, ...change });
      return false;
    } catch (error) {
      expect(error).to.be.instanceOf(RegistryError).with.property('status', 429);
      expect((error as RegistryError).headers['Retry-After']).to.match(/^[1-9]\d*$/);
      return true;
    }
  }

  it('locks a name at an address, and neither of them elsewhere', async () => {
    const lockOut = new LockOut({ key: 'key' });
    await fail(lockOut, 9);
    expect(await isLocked(lockOut)).to.equal(false);
    await fail(lockOut, 1);
    expect(await isLocked(lockOut)).to.equal(true);
    expect(await isLocked(lockOut, { name: 'bob' })).to.equal(false);
    expect(await isLocked(lockOut, { address: '192.0.2.2' })).to.equal(false);
  });

  it('locks an address that tries many names', async () => {
    const lockOut = new LockOut({ key: 'key' });
    for (let count = 0; count < 100; count += 1) await fail(lockOut, 1, { name: `n${count}` });
    expect(await isLocked(lockOut, { name: 'somebody' })).to.equal(true);
    expect(await isLocked(lockOut, { name: 'somebody', address: '192.0.2.2' })).to.equal(false);
  });

  it('forgives a name that logs in, but not its address', async () => {
    const lockOut = new LockOut({ key: 'key' });
    await fail(lockOut, 9);
    await lockOut.forgive(attempt);
    await fail(lockOut, 9);
    expect(await isLocked(lockOut)).to.equal(false);
  });

  it('knows what it refused, until the password is another one', async () => {
    const lockOut = new LockOut({ key: 'key' });
    expect(await lockOut.wasRefused(attempt, 'hash')).to.equal(false);
    await lockOut.countFailure(attempt, 'hash');
    expect(await lockOut.wasRefused(attempt, 'hash')).to.equal(true);
    expect(await lockOut.wasRefused(attempt, 'new hash')).to.equal(false);
    expect(await lockOut.wasRefused({ ...attempt, address: '192.0.2.2' }, 'hash')).to.equal(false);
  });

  it('takes the /64 of an IPv6 address for one customer', () => {
    expect(networkOf('2001:db8:1:2:3:4:5:6')).to.equal('2001:db8:1:2::/64');
    expect(networkOf('2001:db8::1')).to.equal('2001:db8:0:0::/64');
    expect(networkOf('::1')).to.equal('0:0:0:0::/64');
    expect(networkOf('fe80::1%eth0')).to.equal('fe80:0:0:0::/64');
    expect(networkOf('::ffff:192.0.2.1')).to.equal('192.0.2.1');
    expect(networkOf('192.0.2.1')).to.equal('192.0.2.1');
  });
});
