/** What clients trip over when they push: T3 to T9, T19, T27, T31 and T32. */
import { expect } from 'chai';
import { challengeOf } from '../client.ts';
import { type Answer, exchangeExpecting, headerOf } from '../exchange.ts';
import { expectContent, expectStatus, locationOf, withQuery } from '../repository.ts';
import type { Stage } from '../stage.ts';

export function describeUploadTraps(stage: Stage): void {
  describe('Traps of pushing', () => {
    describeLocations(stage);
    describePatches(stage);
    describeMountRights(stage);
    describeRoads(stage);
  });
}

function describeLocations(stage: Stage): void {
  it('T3 derives no Location from forwarded headers of who is not a trusted proxy', async () => {
    const headers = { 'X-Forwarded-Host': 'elsewhere.example', 'X-Forwarded-Proto': 'gopher' };
    const answer = await stage.repository().startUpload('', { headers });
    expectStatus(answer, 202);
    expect(locationOf(answer).origin).to.equal(stage.url.origin);
  });

  it('T4 keeps the port in Location', async () => {
    const repository = stage.repository();
    const opened = await repository.startUpload();
    expect(locationOf(opened).host).to.equal(stage.url.host);
    const blob = stage.fixtures.blob();
    const closed = await repository.close(locationOf(opened), blob.digest, { body: blob.bytes });
    expect(locationOf(closed).host).to.equal(stage.url.host);
  });

  it('T5 gives a state that survives re-encoding and re-ordering, of less than 1 KB', async () => {
    const repository = stage.repository();
    const blob = stage.fixtures.blob();
    const opened = await repository.startUpload();
    expect(headerOf(opened, 'Location').length).to.be.below(1024 + repository.name.length);
    for (const value of locationOf(opened).searchParams.values()) {
      expect(value).to.match(/^[A-Za-z0-9_.=-]*$/);
    }
    const mixed = withQuery(locationOf(opened), { zz: '1', aa: '2', digest: blob.digest });
    mixed.searchParams.sort();
    const answer = await stage.client.send('PUT', mixed, { body: blob.bytes });
    expectStatus(answer, 201);
  });

  it('T6 puts uploads under /v2/<name>/blobs/uploads/<id>', async () => {
    const repository = stage.repository();
    const { pathname } = await repository.openUpload();
    expect(pathname.startsWith(repository.path('blobs/uploads/'))).to.equal(true);
    expect(pathname.slice(repository.path('blobs/uploads/').length)).to.match(/^[^/]+$/);
  });
}

function describePatches(stage: Stage): void {
  it('T7 takes a PATCH without Content-Range, Content-Length and Content-Type', async () => {
    const repository = stage.repository();
    const blob = stage.fixtures.blob();
    const location = await repository.openUpload();
    const patched = await stage.client.send('PATCH', location, { body: [blob.bytes] });
    expectStatus(patched, 202);
    expectStatus(await repository.close(locationOf(patched), blob.digest), 201);
  });

  it('T8 writes Range: 0-N without bytes=, and 0-0 for an empty upload', async () => {
    const repository = stage.repository();
    const opened = await repository.startUpload();
    expect(headerOf(opened, 'Range')).to.equal('0-0');
    const patched = await repository.patch(locationOf(opened), Buffer.alloc(10));
    expect(headerOf(patched, 'Range')).to.equal('0-9');
  });

  it('T9 answers POST with 202, PUT with 201 and a mount with 201, with nothing else', async () => {
    const repository = stage.repository('source');
    const blob = stage.fixtures.blob();
    const opened = await repository.startUpload();
    expect(opened.status).to.equal(202);
    const closed = await repository.close(locationOf(opened), blob.digest, { body: blob.bytes });
    expect(closed.status).to.equal(201);
    const query = `?mount=${blob.digest}&from=${repository.name}`;
    expect((await stage.repository('target').startUpload(query)).status).to.equal(201);
  });
}

function describeMountRights(stage: Stage): void {
  it('T19 asks for both scopes where the token says nothing of the source', async function () {
    stage.credentials(this);
    const source = stage.repository('source');
    const blob = await source.pushNewBlob();
    const target = stage.repository('target');
    const challenge = await stage.client.findChallenge();
    if (challenge?.scheme !== 'bearer') return;
    const token = await stage.client.token(challenge, `repository:${target.name}:pull,push`);
    const answer = await target.startUpload(`?mount=${blob.digest}&from=${source.name}`, {
      authorization: `Bearer ${token}`,
    });
    expectStatus(answer, 401);
    const scopes = (challengeOf(answer)?.scope ?? '').split(' ').sort();
    expect(scopes).to.have.lengthOf(2);
    expect(scopes[0]).to.match(new RegExp(`^repository:${source.name}:pull`));
    expect(scopes[1]).to.match(new RegExp(`^repository:${target.name}:(pull,push|push,pull)`));
  });

  it('T19 opens an upload where the source was asked for and denied', async function () {
    const addAccount = stage.need('addAccount', this);
    const source = stage.repository('source');
    const blob = await source.pushNewBlob();
    const target = stage.repository('target');
    const pusher = await addAccount([{ pattern: target.name, actions: ['pull', 'push'] }]);
    const query = `?mount=${blob.digest}&from=${source.name}`;
    expectStatus(await stage.as(pusher, target).startUpload(query), 202);
  });
}

function describeRoads(stage: Stage): void {
  it('T27 finds an upload and what was pushed from any connection at once', async () => {
    const headers = { Connection: 'close' };
    const repository = stage.repository();
    const pushOne = async (): Promise<void> => {
      const blob = stage.fixtures.blob(2000);
      let answer = await repository.startUpload('', { headers });
      for (const start of [0, 1000]) {
        const body = blob.bytes.subarray(start, start + 1000);
        answer = await stage.client.send('PATCH', locationOf(answer), { headers, body });
        expectStatus(answer, 202);
      }
      expectStatus(await repository.close(locationOf(answer), blob.digest, { headers }), 201);
      expectContent(await repository.getBlob(blob.digest, headers), blob);
    };
    await Promise.all(Array.from({ length: 8 }, pushOne));
  });

  it('T31 takes POST with and without the slash at the end', async () => {
    const repository = stage.repository();
    expectStatus(await repository.send('POST', 'blobs/uploads'), 202);
    expectStatus(await repository.send('POST', 'blobs/uploads/'), 202);
  });

  it('T32 answers a caller without rights before the body is sent', async function () {
    const repository = stage.repository();
    const blob = stage.fixtures.blob();
    const url = withQuery(await repository.openUpload(), { digest: blob.digest });
    const headers = { Expect: '100-continue', 'Content-Length': blob.bytes.length };
    const request = { method: 'PUT', url, body: blob.bytes };
    const known = { ...headers, ...(await stage.client.headersFor(url)) };
    const taken: Answer = (await exchangeExpecting({ ...request, headers: known })).answer;
    expectStatus(taken, 201);
    stage.credentials(this);
    const refused = await exchangeExpecting({ ...request, headers });
    expectStatus(refused.answer, 401);
    expect(refused.continued, '100 Continue').to.equal(false);
  });
}
