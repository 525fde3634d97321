import { expect } from 'chai';
import { digestOf } from '../../src/oci/digest.ts';
import type { Grant } from '../../src/storage/accounts.ts';
import { patternOf } from '../support/content.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { Attacker, codeOf } from './attacker.ts';

const BYTES = Buffer.from('0123456789');
const DIGEST = digestOf(BYTES);
const push = (pattern: string): Grant[] => [
  { pattern: patternOf(pattern), actions: ['pull', 'push'] },
];

describe('abuse of uploads', () => {
  let registry: TestRegistry;
  let attacker: Attacker;

  before(async () => {
    const accounts = { ann: push('x/**'), bob: push('**') };
    registry = await startRegistry({
      accounts,
      uploadLimits: { perSubject: 20, perRepository: 9 },
    });
    attacker = new Attacker(registry);
  });
  after(() => registry.close());

  it('A10 keeps an upload to the account and the repository that it was begun in', async () => {
    const own = await attacker.begin('x/foreign', 'ann');
    const elsewhere = own.replace('/x/foreign/', '/y/foreign/');
    for (const path of [own, elsewhere]) {
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const body = method === 'GET' || method === 'DELETE' ? {} : { body: BYTES };
        const answer = await attacker.send(method, `${path}&digest=${DIGEST}`, {
          as: 'bob',
          ...body,
        });
        expect(answer.status, `${method} ${path}`).to.equal(404);
        expect(await codeOf(answer)).to.equal('BLOB_UPLOAD_UNKNOWN');
      }
    }
    const kept = await attacker.send('GET', own, { as: 'ann' });
    expect(kept.status).to.equal(204);
  });

  it('A11 takes no state that is missing, changed, huge, of another upload, or over', async () => {
    const [path, state] = (await attacker.begin('x/state')).split('?_state=') as [string, string];
    const [, other] = (await attacker.begin('x/state')).split('?_state=') as [string, string];
    const flipped = `${state.slice(0, -2)}${state.at(-2) === 'A' ? 'B' : 'A'}${state.at(-1)}`;
    const [kid, payload, signature] = state.split('.') as [string, string, string];
    const fields = JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown[];
    const forged = Buffer.from(JSON.stringify(fields.with(4, 5))).toString('base64url');
    const bad = [
      '',
      flipped,
      other,
      'x'.repeat(20_000),
      `${kid}.${forged}.${signature}`,
      `none.${payload}.`,
      `..${signature}`,
    ];
    for (const text of bad) {
      const answer = await attacker.send('PATCH', `${path}?_state=${text}`, { body: BYTES });
      expect(answer.status, text.slice(0, 80)).to.be.oneOf([400, 404]);
      expect(await codeOf(answer)).to.match(/^BLOB_UPLOAD_/);
    }
    expect((await attacker.send('GET', path)).status).to.be.oneOf([400, 404]);
    expect((await attacker.send('DELETE', `${path}?_state=${state}`)).status).to.equal(204);
    expect(
      (await attacker.send('PUT', `${path}?_state=${state}&digest=${DIGEST}`)).status,
    ).to.equal(404);
  });

  it('A11 answers 416 to a good state with an old offset, and cuts nothing off', async () => {
    const first = await attacker.begin('x/old');
    await attacker.send('PATCH', first, { body: BYTES });
    expect((await attacker.send('PATCH', first, { body: BYTES })).status).to.equal(416);
    const status = await attacker.send('GET', first);
    expect(status.headers.get('range')).to.equal('0-9');
  });

  it('A14 caps open uploads by account and by repository, with 429', async () => {
    const statuses: number[] = [];
    const begin = async (path: string) => {
      const answer = await attacker.send('POST', `/v2/${path}/blobs/uploads/`, { as: 'bob' });
      statuses.push(answer.status);
      return answer;
    };
    for (let n = 0; n < 9; n++) await begin('flood/one');
    const full = await begin('flood/one');
    expect(full.status).to.equal(429);
    expect(full.headers.get('retry-after')).to.match(/^[0-9]+$/);
    for (let n = 0; n < 12; n++) await begin(`flood/more-${n}`);
    expect(statuses.filter((status) => status === 202)).to.have.lengthOf(20);
    expect(statuses.at(-1)).to.equal(429);
  });

  it('A16 makes one 201 of PUTs at once, whatever PATCH and DELETE come between', async () => {
    const path = await attacker.begin('x/race');
    const put = `${path}&digest=${DIGEST}`;
    const answers = await Promise.all([
      attacker.send('PUT', put, { body: BYTES }),
      attacker.send('PUT', put, { body: BYTES }),
      attacker.send('PATCH', path, { body: BYTES }),
      attacker.send('DELETE', path),
    ]);
    const [one, two, patch, cancel] = answers.map(({ status }) => status);
    expect([one, two].filter((status) => status === 201).length).to.be.below(2);
    for (const status of [one, two]) expect(status).to.be.oneOf([201, 404, 416]);
    expect(patch).to.be.oneOf([202, 404, 416]);
    expect(cancel).to.be.oneOf([204, 404]);
    const blob = await attacker.send('HEAD', `/v2/x/race/blobs/${DIGEST}`);
    expect(blob.status).to.equal(one === 201 || two === 201 ? 200 : 404);
    await attacker.send('DELETE', path);
    const left = await registry.uploadTracker.listExpired(new Date(8.64e15), 1000);
    expect(left.filter(({ repository }) => repository === 'x/race')).to.deep.equal([]);
  });

  it('A17 refuses every Content-Range that is none', async () => {
    const path = await attacker.begin('x/range');
    const ranges = [
      '0-9223372036854775808',
      '5-3',
      '-1-4',
      'bytes 0-1/2/3',
      '0 - 9',
      'x',
      '0-9,10-19',
    ];
    for (const range of ranges) {
      const headers = { 'content-range': range };
      const answer = await attacker.send('PATCH', path, { body: BYTES, headers });
      expect(answer.status, range).to.be.oneOf([400, 416]);
    }
    const far = { 'content-range': '999999999999990-999999999999999' };
    expect((await attacker.send('PATCH', path, { body: BYTES, headers: far })).status).to.equal(
      416,
    );
    expect((await attacker.send('GET', path)).headers.get('range')).to.equal('0-0');
  });

  it('A18 leaves nothing of an upload whose digest is wrong', async () => {
    const path = await attacker.begin('x/wrong');
    const body = Buffer.from('bytes that nobody else sends');
    const wrong = digestOf('something else');
    const answer = await attacker.send('PUT', `${path}&digest=${wrong}`, { body });
    expect([answer.status, await codeOf(answer)]).to.deep.equal([400, 'DIGEST_INVALID']);
    expect((await attacker.send('GET', path)).status).to.equal(404);
    expect(await registry.blobStore.find(digestOf(body))).to.equal(undefined);
    expect(await registry.blobStore.find(wrong)).to.equal(undefined);
  });

  it('A23 ends the uploads of an account that may not push any more', async () => {
    await registry.addAccount('carl', push('z/**'));
    const path = await attacker.begin('z/app', 'carl');
    await registry.addAccount('carl', []);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const answer = await attacker.send(method, path, { as: 'carl' });
      expect(answer.status).to.equal(403);
    }
  });
});
