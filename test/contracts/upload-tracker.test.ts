import { MemoryUploadTracker } from '../../src/storage/memory/upload-tracker.ts';
import { Database } from '../../src/storage/postgres/database.ts';
import { PostgresUploadTracker } from '../../src/storage/postgres/upload-tracker.ts';
import { openTestDatabase } from '../support/database.ts';
import { describeUploadTrackerContract } from './suites/upload-tracker.ts';

describeUploadTrackerContract('memory', async () => ({
  tracker: new MemoryUploadTracker(),
  close: async () => {},
}));

describeUploadTrackerContract('PostgreSQL', async () => {
  const place = await openTestDatabase();
  const database = await Database.open({ url: place.url });
  return {
    tracker: new PostgresUploadTracker(database),
    close: async () => {
      await database.close();
      await place.drop();
    },
  };
});
