/** The suite against our program as it is deployed, over all that can be asked from outside. */
import { expect } from 'chai';
import { POSTGRES_AND_REDIS, S3, TWO_PROCESSES } from '../clients/targets.ts';
import { runSuite } from './run-suite.ts';

/** They need a hand on the registry; `registry.test.ts` has it. */
const NEED_A_HAND = ['72', '75', '100', '125', '127', 'T16'];

describe('the distribution API of the program', function () {
  this.timeout(240_000);

  for (const target of [TWO_PROCESSES, POSTGRES_AND_REDIS, S3]) {
    it(`passes line by line on ${target.name}`, async function () {
      const running = await target.start(this);
      this.timeout(240_000);
      try {
        const { failed, pending } = await runSuite(running.url, running.registry);
        expect(failed).to.deep.equal({});
        expect(pending).to.have.members(NEED_A_HAND);
      } finally {
        await running.stop();
      }
    });
  }
});
