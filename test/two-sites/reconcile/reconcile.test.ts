import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Client } from 'pg';
import { imageOf, repositoryNamed, tagNamed } from '../../support/content.ts';
import { openPostgresPorts } from '../../support/ports.ts';
import { send, until } from '../client.ts';
import { openPair, type Pair } from '../pair.ts';
import type { TestSite } from '../site.ts';
import { DAMAGES, damage, fill, type Kind, readAll } from './damage.ts';

const app = repositoryNamed('acme/app');
const web = repositoryNamed('acme/web');
const KINDS = Object.keys(DAMAGES) as Kind[];
const COUNT = 12;

describe('comparing a site with its primary', function () {
  this.timeout(60_000);
  let pair: Pair;
  let primary: TestSite;
  let secondary: TestSite;

  const catchUp = () =>
    until('the secondary is where the primary is', async () => {
      const [here, there] = [secondary, primary].map(({ ports }) => ports.changeLog.head());
      return (await here) === (await there);
    });
  const reconcile = async (order: object = {}, site = secondary, name = 'lisbon') => {
    const answer = await send(`${primary.url}/api/v1/sites/${name}/orders`, {
      method: 'POST',
      body: JSON.stringify({ kind: 'reconcile', ...order }),
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.status).to.equal(202);
    const { id } = (await answer.json()) as { id: string };
    const find = async () => {
      const orders = await site.ports.orders.list(name, 100);
      return orders.find(({ order: { id: own }, state }) => own === id && state !== 'waiting');
    };
    for (const end = Date.now() + 40_000; Date.now() < end; await sleep(10)) {
      const found = await find();
      if (found) return found;
    }
    throw new Error('the order was not settled');
  };
  const expectSame = async () => {
    await catchUp();
    const [here, there] = [await readAll(secondary.ports), await readAll(primary.ports)];
    expect(here).to.deep.equal(there);
  };

  before(async () => {
    pair = await openPair(openPostgresPorts);
    ({ primary, secondary } = pair);
    await fill(primary.ports, app, COUNT);
    await fill(primary.ports, web, COUNT);
    await catchUp();
  });

  after(() => pair.close());

  it('finds no difference where there is none', async () => {
    const { state, outcome } = await reconcile();
    expect(state).to.equal('done');
    expect(outcome).to.match(/^[0-9]{3} facts were compared: 0 differed .* 0 could not be settled/);
    expect((await secondary.ports.changeLog.readHead()).repairs).to.equal(undefined);
  });

  for (const kind of KINDS) {
    it(`finds each ${kind}, and invents none`, async () => {
      await damage(databaseOf(secondary), app, { kinds: [kind], count: COUNT });
      const { outcome } = await reconcile();
      expect(outcome).to.match(new RegExp(`: ${COUNT} differed .* 0 could not be settled`));
      await expectSame();
      expect((await reconcile()).outcome).to.match(/: 0 differed /);
    });
  }

  it('finds all kinds while pushes, moves and deletes go on, and invents none', async () => {
    const done = new AbortController();
    const writing = write(primary, done.signal);
    try {
      for (let round = 0; round < 3; round++) {
        expect((await reconcile()).outcome).to.match(/: 0 differed /);
      }
      await damage(databaseOf(secondary), app, { kinds: KINDS, count: COUNT });
      const { outcome } = await reconcile();
      expect(outcome).to.match(new RegExp(`: ${KINDS.length * COUNT} differed `));
    } finally {
      done.abort();
    }
    expect(await writing).to.be.greaterThan(10);
    await expectSame();
  });

  it('answers by what was set right at once, whatever it remembered', async () => {
    const read = async () => {
      const answer = await send(`${secondary.url}/v2/${app}/manifests/b1`);
      await answer.arrayBuffer();
      return answer.headers.get('docker-content-digest');
    };
    const right = await read();
    await query(secondary, 'UPDATE log_head SET repairs = repairs + 1');
    await damage(databaseOf(secondary), app, { kinds: ['wrong tag'], count: 1 });
    expect(await read()).not.to.equal(right);
    await reconcile();
    expect(await read()).to.equal(right);
  });

  it('compares one repository alone', async () => {
    await damage(databaseOf(secondary), web, { kinds: ['missing tag'], count: 3 });
    expect((await reconcile({ repository: app })).outcome).to.match(/: 0 differed /);
    expect((await reconcile({ repository: web })).outcome).to.match(/: 3 differed \(3 missing/);
    await expectSame();
  });

  it('leaves what is right here where the bytes at the primary are not', async () => {
    const { digest } = imageOf(`${web} 1`);
    const wrong = 'UPDATE manifests SET content = set_byte(content, 9, 0)';
    const { content } = (await primary.ports.metadata.findManifest(web, digest))!;
    await query(primary, `${wrong} WHERE digest = '${digest}'`);
    const { outcome } = await reconcile();
    expect(outcome).to.match(/: 0 differed .* 1 are damaged at the primary/);
    const here = await secondary.ports.metadata.findManifest(web, digest);
    expect(here?.content.equals(content)).to.equal(true);
    const hex = `'\\x${content.toString('hex')}'`;
    await query(primary, `UPDATE manifests SET content = ${hex} WHERE digest = '${digest}'`);
    await expectSame();
  });

  it('does nothing at a primary, and says why', async () => {
    const { state, outcome } = await reconcile({}, primary, 'tokyo');
    expect(state).to.equal('failed');
    expect(outcome).to.equal('this is the primary: the other sites compare themselves with it');
  });

  it('gives checksums to sites alone, and only a primary does', async () => {
    const hashing = await secondary.ports.snapshot.readHashing();
    const body = JSON.stringify({ part: 'tags', ranges: [{}], rows: 10, hashing });
    const ask = (url: string, authorization?: string, text = body) =>
      fetch(`${url}/api/v1/checksums`, {
        method: 'POST',
        body: text,
        headers: { 'content-type': 'application/json', ...(authorization && { authorization }) },
      });
    expect((await ask(primary.url)).status).to.be.oneOf([401, 403]);
    const administrator = await send(`${primary.url}/api/v1/checksums`, { method: 'POST', body });
    expect(administrator.status).to.equal(403);
    expect((await ask(primary.url, secondary.authorize())).status).to.equal(200);
    expect((await ask(secondary.url, primary.authorize())).status).to.equal(409);
    const another = body.replace(hashing, 'another');
    expect((await ask(primary.url, secondary.authorize(), another)).status).to.equal(409);
    for (const wrong of ['{}', body.replace('tags', 'x'), body.replace('10', '0')]) {
      expect((await ask(primary.url, secondary.authorize(), wrong)).status, wrong).to.equal(400);
    }
  });
});

function databaseOf({ ports }: TestSite): string {
  return (ports as { readonly databaseUrl?: string }).databaseUrl!;
}

async function query(site: TestSite, text: string): Promise<void> {
  const client = new Client({ connectionString: databaseOf(site) });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** Pushes, moves and deletes in the repository that is compared. @returns how many they were */
async function write({ ports: { metadata } }: TestSite, signal: AbortSignal): Promise<number> {
  const put = { repository: app, mayOverwrite: true, actor: '' };
  let count = 0;
  // As fast as a busy repository is written, and no faster: the sites have two processors.
  for (; !signal.aborted; count++, await sleep(20)) {
    const manifest = imageOf(count % 2 === 0 ? `${app} spare` : `${app} tagged`);
    const tags = [`moving${count % 3}`, `new${count % 50}`].map((tag) => tagNamed(tag));
    await metadata.recordManifest({ ...put, manifest, tags });
    await metadata.deleteTag(app, tagNamed(`new${(count + 25) % 50}`), '');
  }
  return count;
}
