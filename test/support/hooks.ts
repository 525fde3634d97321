/** Mocha's root hooks: what one run shares is taken down when the last test is over. */
import { closeTestServer } from './database.ts';

/** In a parallel run each process calls this after each file, and ends with its server. */
const isOneOfSeveral = process.env['MOCHA_WORKER_ID'] !== undefined;

export const mochaHooks = {
  async afterAll(): Promise<void> {
    if (!isOneOfSeveral) await closeTestServer();
  },
};
