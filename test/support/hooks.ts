/** Mocha's root hooks: what one run shares is taken down when the last test is over. */
import { closeTestServer } from './database.ts';

export const mochaHooks = {
  async afterAll(): Promise<void> {
    await closeTestServer();
  },
};
