import { expect } from 'chai';
import { SiteRole } from '../../src/geo/role.ts';
import { createLog } from '../../src/log.ts';
import { openMemoryPorts, type TestPorts } from '../support/ports.ts';

describe('the role of a site', () => {
  let ports: TestPorts;
  let role: SiteRole;

  beforeEach(async () => {
    ports = await openMemoryPorts();
    role = new SiteRole({ ...ports, log: createLog('silent') });
  });

  it('is given up where somebody lives in a later epoch, be it several later', async () => {
    const { epoch } = await role.read();
    await role.hear(epoch + 3, 'lisbon');
    expect(await role.read()).to.deep.equal({ role: 'secondary', epoch: epoch + 3 });
  });

  it('stays where the epoch is ours, or none that anybody can be in', async () => {
    const own = await role.read();
    await role.hear(own.epoch, 'lisbon');
    for (const ahead of [1001, 10 ** 12, 999_999_999_999_999 - own.epoch]) {
      const failure = await role.hear(own.epoch + ahead, 'lisbon').catch((error: unknown) => error);
      expect(failure, `${ahead}`).to.deep.include({ status: 409 });
    }
    expect(await role.read()).to.deep.equal({ ...own, role: 'primary' });
  });
});
