import { expect } from 'chai';
import { Database } from '../../../src/storage/postgres/database.ts';
import { PostgresOutbox } from '../../../src/storage/postgres/events/outbox.ts';
import { PostgresWebhooks } from '../../../src/storage/postgres/events/webhooks.ts';
import { PostgresArrivals } from '../../../src/storage/postgres/geo/arrivals.ts';
import { PostgresMetadata } from '../../../src/storage/postgres/metadata.ts';
import { blobOf, imageOf, patternOf, repositoryNamed } from '../../support/content.ts';
import { openTestDatabase } from '../../support/database.ts';

const repository = repositoryNamed('acme/app');
const manifest = imageOf('a');
const { digest } = manifest;
const arrival = { site: 'lisbon', repository, digest, at: new Date('2026-01-02T03:04:05.678Z') };

describe('the outbox in PostgreSQL', () => {
  let home: Awaited<ReturnType<typeof openTestDatabase>>;
  let database: Database;
  let arrivals: PostgresArrivals;

  beforeEach(async () => {
    home = await openTestDatabase();
    database = await Database.open({ url: home.url });
    arrivals = new PostgresArrivals(database);
    const metadata = new PostgresMetadata(database);
    await metadata.linkBlob({ repository, digest: blobOf('a'), sizeBytes: 1, actor: '' });
    const put = { repository, manifest, tags: [], mayOverwrite: true, actor: '' };
    await metadata.recordManifest(put);
    const wants = {
      types: ['image.complete'],
      repositories: [patternOf('**')],
      sites: [],
    } as const;
    const webhooks = new PostgresWebhooks(database);
    await webhooks.record({ name: 'ci', url: 'http://ci.test', isEnabled: true, wants });
  });

  afterEach(async () => {
    await database.close();
    await home.drop();
  });

  const change = (text: string) => database.run(async (knex) => void (await knex.raw(text)));

  it('has the event of each arrival, or neither is recorded', async () => {
    const outbox = new PostgresOutbox(database);
    await change('ALTER TABLE deliveries ADD CONSTRAINT none CHECK (false)');
    const failure = await arrivals.record([arrival]).catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(Error);
    expect(await arrivals.listSites(repository, digest)).to.deep.equal([]);
    await change('ALTER TABLE deliveries DROP CONSTRAINT none');
    await arrivals.record([arrival]);
    expect(await arrivals.listSites(repository, digest)).to.deep.equal([arrival]);
    expect(await outbox.count('ci')).to.deep.equal({ waiting: 1, dead: 0, dropped: 0 });
  });

  it('finds what is next among 10,000 at once, also where there are no statistics', async () => {
    const outbox = new PostgresOutbox(database);
    await change(`
      INSERT INTO deliveries (webhook, event_id, subject, event, next_try_at)
      SELECT 'ci', i, 'subject ' || i % 5000, json_build_object('id', i),
             CASE WHEN i % 2 = 0 THEN now() END
      FROM generate_series(1, 10000) AS i`);
    const startMs = performance.now();
    for (let count = 0; count < 20; count++) {
      const next = await outbox.listDue('ci', { at: new Date(), limit: 4 });
      expect(next).to.have.lengthOf(4);
      await outbox.settle(next[0]!, { state: 'delivered', at: new Date(), message: '' });
    }
    expect(performance.now() - startMs).to.be.below(1000);
  });
});
