import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { StorageFull, StorageUnavailable } from '../../../src/storage/failure.ts';
import { PostgresChangeLog } from '../../../src/storage/postgres/change-log.ts';
import { Database } from '../../../src/storage/postgres/database.ts';
import { openTestDatabase, type TestDatabase } from '../../support/database.ts';
import { defer } from '../../support/deferred.ts';

/** Stands between us and the server, and goes away when told. */
class Gate {
  readonly #target: string;
  readonly #path: string;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  constructor(target: string, path: string) {
    this.#target = target;
    this.#path = path;
  }

  async open(): Promise<void> {
    this.#server = createServer((near) => {
      const far = createConnection(this.#target);
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => [near, far].map((end) => end.destroy()));
      }
      near.pipe(far).pipe(near);
    });
    this.#server.listen(this.#path);
    await once(this.#server, 'listening');
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server!.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    await closed;
  }
}

const failureOf = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );

describe('Database', () => {
  let place: TestDatabase;
  let folder: string;
  let gate: Gate;
  let database: Database;

  beforeEach(async () => {
    place = await openTestDatabase();
    folder = await mkdtemp(join(tmpdir(), 'gate-'));
    const url = new URL(place.url);
    const socket = '.s.PGSQL.5432';
    gate = new Gate(join(url.searchParams.get('host')!, socket), join(folder, socket));
    await gate.open();
    url.searchParams.set('host', folder);
    database = await Database.open({ url: url.href });
  });
  afterEach(async () => {
    await database.close();
    await gate.close();
    await place.drop();
    await rm(folder, { recursive: true });
  });

  it('refuses to open where no server answers', async () => {
    const url = 'postgres://nobody@localhost:1/nothing';
    expect(await failureOf(Database.open({ url }))).to.be.instanceOf(StorageUnavailable);
  });

  it('walks indexes also where the URL has options of its own', async () => {
    const other = await Database.open({ url: `${place.url}&options=-c%20application_name%3Dann` });
    const text = `SELECT current_setting('application_name') AS name,
                         current_setting('enable_seqscan') AS scans`;
    const rows = await other.query({ name: 'settings', text });
    expect(rows).to.deep.equal([{ name: 'ann', scans: 'off' }]);
    await other.close();
  });

  it('says in every kind of call that the database is away, and recovers', async () => {
    const changeLog = new PostgresChangeLog(database);
    const attempts = [
      () => changeLog.head(),
      () => database.run((knex) => knex('changes').select()),
      () => database.transaction(async (trx) => trx('changes').select()),
    ];
    for (const attempt of attempts) await attempt();
    await gate.close();
    for (const attempt of attempts) {
      expect(await failureOf(attempt())).to.be.instanceOf(StorageUnavailable);
    }
    await gate.open();
    for (const attempt of attempts) expect(await failureOf(attempt())).to.equal(undefined);
  });

  it('undoes a transaction that the database leaves in the middle', async () => {
    const attempt = database.transaction(async (trx) => {
      await trx('repositories').insert({ name: 'half' });
      await gate.close();
      await trx('repositories').insert({ name: 'other half' });
    });
    expect(await failureOf(attempt)).to.be.instanceOf(StorageUnavailable);
    await gate.open();
    const names = await database.run((knex) => knex('repositories').pluck('name'));
    expect(names).to.deep.equal([]);
  });

  it('tells those who watch when it is back', async () => {
    const changeLog = new PostgresChangeLog(database);
    let calls = 0;
    const told = defer();
    const stop = changeLog.watch(() => {
      calls += 1;
      if (calls === 1) void gate.close().then(() => gate.open());
      else told.resolve();
    });
    await told.promise;
    stop();
    await changeLog.close();
  });

  it('says that the disk is full', async () => {
    const attempt = database.run((knex) =>
      knex.raw("DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$"),
    );
    expect(await failureOf(attempt)).to.be.instanceOf(StorageFull);
  });

  it('hides no mistake of ours', async () => {
    const failure = await failureOf(database.run((knex) => knex.raw('SELEC 1')));
    expect(failure).to.be.instanceOf(Error).and.not.instanceOf(StorageUnavailable);
  });
});
