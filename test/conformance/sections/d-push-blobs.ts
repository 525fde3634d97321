/** Checklist D: pushing a blob whole (42 to 53). */
import { expect } from 'chai';
import { expectError } from '../errors.ts';
import { abandon, headerOf } from '../exchange.ts';
import { digestOf } from '../fixtures.ts';
import { expectContent, expectStatus, locationOf, withQuery } from '../repository.ts';
import type { Stage } from '../stage.ts';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

export function describeBlobPushes(stage: Stage): void {
  describe('D. Pushing blobs whole', () => {
    describePost(stage);
    describePut(stage);
    describeSinglePost(stage);
    describeSessions(stage);
  });
}

function describePost(stage: Stage): void {
  it('42 answers POST with 202, a Location with a session of its own, and no body', async () => {
    const repository = stage.repository();
    const first = await repository.startUpload();
    const second = await repository.startUpload();
    expectStatus(first, 202);
    expect(headerOf(first, 'Content-Length')).to.equal('0');
    expect(headerOf(first, 'Range')).to.equal('0-0');
    const session = headerOf(first, 'Docker-Upload-UUID');
    expect(session).to.match(UUID);
    expect(locationOf(first).pathname).to.include(session);
    expect(headerOf(second, 'Docker-Upload-UUID')).to.not.equal(session);
  });

  it('43 takes a Location whose query the client re-encoded and re-ordered', async () => {
    const repository = stage.repository();
    const blob = stage.fixtures.blob();
    const location = withQuery(await repository.openUpload(), { digest: blob.digest });
    location.searchParams.sort();
    const answer = await stage.client.send('PUT', location, { body: blob.bytes });
    expectStatus(answer, 201);
  });
}

function describePut(stage: Stage): void {
  it('44 answers PUT with 201, the digest, and a Location that gives the blob', async () => {
    const repository = stage.repository();
    const blob = stage.fixtures.blob();
    const answer = await repository.putBlob(blob);
    expectStatus(answer, 201);
    expect(headerOf(answer, 'Docker-Content-Digest')).to.equal(blob.digest);
    expectContent(await stage.client.send('GET', locationOf(answer)), blob);
  });

  it('45 answers 400 DIGEST_INVALID for another digest, and the blob does not appear', async () => {
    const repository = stage.repository();
    const blob = stage.fixtures.blob();
    const claimed = digestOf(Buffer.from('other'));
    const location = await repository.openUpload();
    const answer = await repository.close(location, claimed, { body: blob.bytes });
    expectError(answer, 400, 'DIGEST_INVALID');
    expectStatus(await repository.headBlob(claimed), 404);
    expectStatus(await repository.headBlob(blob.digest), 404);
  });

  it('46 answers 400 DIGEST_INVALID without a digest, and keeps the session usable', async () => {
    const repository = stage.repository();
    const blob = stage.fixtures.blob();
    const location = await repository.openUpload();
    const answer = await stage.client.send('PUT', location);
    expectError(answer, 400, 'DIGEST_INVALID');
    const status = await stage.client.send('GET', location);
    expectStatus(status, 204);
    expectStatus(
      await repository.close(locationOf(status), blob.digest, { body: blob.bytes }),
      201,
    );
  });

  it('47 answers 400 for a malformed digest and for an unknown algorithm', async () => {
    const repository = stage.repository();
    const body = Buffer.from('x');
    for (const digest of ['sha256:xyz', 'nonsense', 'md5:9dd4e461268c8034f5c8564e155c67a6']) {
      const answer = await repository.close(await repository.openUpload(), digest, { body });
      expectError(answer, 400, 'DIGEST_INVALID', 'BLOB_UPLOAD_INVALID', 'UNSUPPORTED');
    }
  });

  it('48 recovers a session whose body was shorter than its Content-Length', async () => {
    const repository = stage.repository();
    const blob = stage.fixtures.blob(1000);
    const location = await repository.openUpload();
    const headers = await stage.client.headersFor(location, { 'Content-Length': 1000 });
    const body = blob.bytes.subarray(0, 400);
    await abandon({ method: 'PATCH', url: location, headers, body });
    const status = await stage.client.send('GET', location);
    expectStatus(status, 204);
    // The registry may still be busy with the lost request: a 416 then says where to go on.
    let answer = status;
    for (let attempt = 0; attempt < 20 && answer.status !== 202; attempt += 1) {
      const kept = headerOf(answer, 'Range');
      expect(kept).to.be.oneOf(['0-0', '0-399']);
      const rest = blob.bytes.subarray(kept === '0-399' ? 400 : 0);
      answer = await repository.patch(locationOf(answer), rest);
      expectStatus(answer, 202, 416);
    }
    expectStatus(await repository.close(locationOf(answer), blob.digest), 201);
  });
}

function describeSinglePost(stage: Stage): void {
  it('49 takes a blob in a single POST', async () => {
    const repository = stage.repository();
    const blob = stage.fixtures.blob();
    const headers = { 'Content-Type': 'application/octet-stream' };
    const answer = await repository.startUpload(`?digest=${blob.digest}`, {
      headers,
      body: blob.bytes,
    });
    expectStatus(answer, 201, 202);
    const last =
      answer.status === 201
        ? answer
        : await repository.close(locationOf(answer), blob.digest, { body: blob.bytes });
    expectStatus(last, 201);
    expectContent(await stage.client.send('GET', locationOf(last)), blob);
  });

  it('50 answers 400 for a single POST with a wrong or a malformed digest', async () => {
    const repository = stage.repository();
    const body = stage.fixtures.bytes(100);
    for (const digest of [digestOf(Buffer.from('other')), 'sha256:bad']) {
      const answer = await repository.startUpload(`?digest=${digest}`, { body });
      const last =
        answer.status === 202
          ? await repository.close(locationOf(answer), digest, { body })
          : answer;
      expectStatus(last, 400);
    }
  });
}

function describeSessions(stage: Stage): void {
  it('51 answers 404 BLOB_UPLOAD_UNKNOWN for a session that is unknown or foreign', async () => {
    const repository = stage.repository();
    const own = await repository.openUpload();
    const foreign = new URL(own);
    foreign.pathname = own.pathname.replace(repository.name, `${repository.name}-other`);
    const unknown = new URL(own);
    unknown.pathname = own.pathname.replace(UUID, 'b0c8a9b1-16c6-4b0e-9d2b-0a8f6d7c5e4f');
    for (const location of [foreign, unknown]) {
      expectError(await stage.client.send('GET', location), 404, 'BLOB_UPLOAD_UNKNOWN');
      const patched = await repository.patch(location, Buffer.from('x'));
      expectError(patched, 404, 'BLOB_UPLOAD_UNKNOWN');
    }
  });

  it('52 takes one digest twice, also at once', async () => {
    const repository = stage.repository();
    const blob = stage.fixtures.blob(200_000);
    const answers = await Promise.all([1, 2, 3, 4].map(() => repository.putBlob(blob)));
    for (const answer of answers) expectStatus(answer, 201);
    expectStatus(await repository.putBlob(blob), 201);
    expectContent(await repository.getBlob(blob.digest), blob);
  });

  it('53 tolerates any Content-Type on POST, PATCH and PUT', async () => {
    const repository = stage.repository();
    const blob = stage.fixtures.blob();
    const headers = { 'Content-Type': 'application/json' };
    const opened = await repository.startUpload('', { headers });
    expectStatus(opened, 202);
    const location = locationOf(opened);
    const patched = await stage.client.send('PATCH', location, { headers, body: blob.bytes });
    expectStatus(patched, 202);
    const closed = await repository.close(locationOf(patched), blob.digest, {
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
    });
    expectStatus(closed, 201);
  });
}
