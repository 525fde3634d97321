import { expect } from 'chai';
import { findPort, startProgram } from '../../support/programs/program.ts';

describe('a site whose Redis is away when it starts', () => {
  it('says so and ends, for its supervisor to start it again', async () => {
    const env = { REDIS_URL: `redis://127.0.0.1:${await findPort()}` };
    const failure: unknown = await startProgram({ env }).catch((error: unknown) => error);
    expect(String(failure)).to.contain('meridian: Redis does not answer');
  });
});
