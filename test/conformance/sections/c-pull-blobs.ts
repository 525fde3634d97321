/** Checklist C: pulling blobs (27 to 41). */
import { expect } from 'chai';
import { expectError } from '../errors.ts';
import { type Answer, exchange, headerOf } from '../exchange.ts';
import { type Content, digestOf, EMPTY_JSON, NO_BYTES } from '../fixtures.ts';
import { expectContent, expectStatus, locationOf, type Repository } from '../repository.ts';
import type { Stage } from '../stage.ts';

export function describeBlobPulls(stage: Stage): void {
  describe('C. Pulling blobs', () => {
    describeWhole(stage);
    describeRanges(stage);
    describeOddBlobs(stage);
  });
}

function describeWhole(stage: Stage): void {
  it('27 gives the exact bytes, their digest and their length', async () => {
    const repository = stage.repository();
    const blob = await repository.pushNewBlob(100_000);
    expectContent(await repository.getBlob(blob.digest), blob);
    const own = await repository.send('GET', `blobs/${blob.digest}`, { follow: false });
    expect(headerOf(own, 'Docker-Content-Digest')).to.equal(blob.digest);
  });

  it('28 answers HEAD with the length and digest, 0 for the empty blob', async () => {
    const repository = stage.repository();
    for (const blob of [await repository.pushNewBlob(), await repository.pushBlob(NO_BYTES)]) {
      const answer = await repository.headBlob(blob.digest);
      expectStatus(answer, 200);
      expect(answer.body).to.have.lengthOf(0);
      expect(headerOf(answer, 'Content-Length')).to.equal(String(blob.bytes.length));
      expect(headerOf(answer, 'Docker-Content-Digest')).to.equal(blob.digest);
    }
  });

  it('29 answers 404 BLOB_UNKNOWN for a blob that is not there', async () => {
    const repository = stage.repository();
    await repository.pushNewBlob();
    const missing = digestOf(Buffer.from('missing'));
    expectError(await repository.getBlob(missing), 404, 'BLOB_UNKNOWN');
    expectError(await repository.headBlob(missing), 404);
  });

  it('30 hides a blob that is only in another repository', async () => {
    const blob = await stage.repository('owner').pushNewBlob();
    const other = stage.repository('other');
    await other.pushNewBlob();
    expectError(await other.getBlob(blob.digest), 404, 'BLOB_UNKNOWN');
    expectStatus(await other.headBlob(blob.digest), 404);
  });
}

/** GET of a part, which must be `[start, end]` of the blob, both inclusive. */
async function expectPart(range: string, [start, end]: [number, number], on: Pushed) {
  const answer = await on.repository.getBlob(on.blob.digest, { Range: range });
  expectStatus(answer, 206);
  const size = on.blob.bytes.length;
  expect(headerOf(answer, 'Content-Range')).to.be.oneOf([
    `bytes ${start}-${end}/${size}`,
    `bytes ${start}-${end}/*`,
  ]);
  expect(headerOf(answer, 'Content-Length')).to.equal(String(end - start + 1));
  expect(answer.body.equals(on.blob.bytes.subarray(start, end + 1)), 'the bytes').to.equal(true);
}

interface Pushed {
  readonly repository: Repository;
  readonly blob: Content;
}

function describeRanges(stage: Stage): void {
  const push = async (): Promise<Pushed> => {
    const repository = stage.repository('ranges');
    return { repository, blob: await repository.pushNewBlob(2048) };
  };

  it('31 answers Range: bytes=500-1499 with 206 and these 1000 bytes', async () => {
    await expectPart('bytes=500-1499', [500, 1499], await push());
  });

  it('32 answers Range: bytes=500- with the rest', async () => {
    await expectPart('bytes=500-', [500, 2047], await push());
  });

  it('33 answers Range: bytes=-500 with the last 500 bytes', async () => {
    await expectPart('bytes=-500', [1548, 2047], await push());
  });

  it('34 cuts a range that ends behind the blob', async () => {
    await expectPart('bytes=2000-5000', [2000, 2047], await push());
  });

  it('35 answers 416 for Range: bytes=500-0', async () => {
    const { repository, blob } = await push();
    expectStatus(await repository.getBlob(blob.digest, { Range: 'bytes=500-0' }), 416);
  });

  it('36 answers 416 with the size for a range behind the blob', async () => {
    const { repository, blob } = await push();
    const answer = await repository.getBlob(blob.digest, { Range: 'bytes=5000-10000' });
    expectStatus(answer, 416);
    expect(headerOf(answer, 'Content-Range')).to.equal('bytes */2048');
  });

  it('37 says Accept-Ranges: bytes on GET and HEAD', async () => {
    const { repository, blob } = await push();
    const answers = [await repository.headBlob(blob.digest)];
    const own = await repository.send('GET', `blobs/${blob.digest}`, { follow: false });
    // Where the client is sent elsewhere, it is the store that must say so.
    if (own.status !== 307) answers.push(own);
    for (const answer of answers) expect(headerOf(answer, 'Accept-Ranges')).to.equal('bytes');
  });
}

function describeOddBlobs(stage: Stage): void {
  it('38 never encodes content, whatever the client accepts', async () => {
    const repository = stage.repository();
    const blob = await repository.pushNewBlob(50_000);
    const { manifest } = await repository.pushImage('v1');
    const headers = { 'Accept-Encoding': 'zstd,gzip,deflate' };
    const answers: [Answer, Content][] = [
      [await repository.getBlob(blob.digest, headers), blob],
      [await repository.getManifest('v1', headers), manifest],
    ];
    for (const [answer, content] of answers) {
      expect(answer.headers['content-encoding']).to.equal(undefined);
      expectContent(answer, content);
    }
  });

  it('39 redirects GET of a blob, where it redirects, with 307 to a URL that works', async () => {
    const repository = stage.repository();
    const blob = await repository.pushNewBlob();
    const answer = await repository.send('GET', `blobs/${blob.digest}`, { follow: false });
    if (answer.status === 200) return expectContent(answer, blob);
    expectStatus(answer, 307);
    const target = locationOf(answer);
    return expectContent(await exchange({ method: 'GET', url: target }), blob);
  });

  for (const [number, blob, name] of [
    [40, NO_BYTES, 'blob of no bytes'],
    [41, EMPTY_JSON, 'blob {}'],
  ] as const) {
    it(`${number} takes, gives and deletes the ${name}`, async () => {
      const repository = stage.repository();
      await repository.pushBlob(blob);
      expectContent(await repository.getBlob(blob.digest), blob);
      expectStatus(await repository.send('DELETE', `blobs/${blob.digest}`), 202);
      expectStatus(await repository.headBlob(blob.digest), 404);
    });
  }
}
