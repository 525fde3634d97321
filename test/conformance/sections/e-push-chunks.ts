/** Checklist E: pushing a blob in chunks and as a stream (54 to 72). */
import { expect } from 'chai';
import { expectError } from '../errors.ts';
import { type Answer, headerOf } from '../exchange.ts';
import { type Content, digestOf, withSha512 } from '../fixtures.ts';
import {
  expectContent,
  expectStatus,
  locationOf,
  type Repository,
  withQuery,
} from '../repository.ts';
import type { Stage } from '../stage.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

export function describeChunkedPushes(stage: Stage): void {
  describe('E. Pushing blobs in chunks', () => {
    describeStreams(stage);
    describeOrder(stage);
    describeClosing(stage);
    describeAlgorithms(stage);
    describeLifetime(stage);
  });
}

/** A chunk, with the Content-Range that says where it belongs. */
function patchAt(repository: Repository, location: URL, part: [Buffer, number]): Promise<Answer> {
  const [bytes, start] = part;
  return repository.patch(location, bytes, `${start}-${start + bytes.length - 1}`);
}

/** An upload that holds the first `size` bytes of a new blob. */
async function openWith(stage: Stage, size: number) {
  const repository = stage.repository();
  const blob = stage.fixtures.blob(3000);
  const first = await repository.startUpload();
  const before = locationOf(first);
  const answer = await patchAt(repository, before, [blob.bytes.subarray(0, size), 0]);
  expectStatus(answer, 202);
  return { repository, blob, before, location: locationOf(answer) };
}

/** The rest of the blob from `start` on, and its end. */
async function finish(repository: Repository, blob: Content, at: [URL, number]): Promise<void> {
  const [location, start] = at;
  const answer = await patchAt(repository, location, [blob.bytes.subarray(start), start]);
  expectStatus(answer, 202);
  expectStatus(await repository.close(locationOf(answer), blob.digest), 201);
  expectContent(await repository.getBlob(blob.digest), blob);
}

function describeStreams(stage: Stage): void {
  it('54 appends a PATCH without Content-Range, with a length and without one', async () => {
    const repository = stage.repository();
    const blob = stage.fixtures.blob(3000);
    const location = await repository.openUpload();
    const body = [blob.bytes.subarray(0, 700), blob.bytes.subarray(700, 2000)];
    const streamed = await stage.client.send('PATCH', location, { body });
    expectStatus(streamed, 202);
    const rest = await repository.patch(locationOf(streamed), blob.bytes.subarray(2000));
    expectStatus(rest, 202);
    expectStatus(await repository.close(locationOf(rest), blob.digest), 201);
    expectContent(await repository.getBlob(blob.digest), blob);
  });

  it('55 answers a chunk with 202, Location and the Range received so far', async () => {
    const repository = stage.repository();
    const blob = stage.fixtures.blob(3000);
    const first = await patchAt(repository, await repository.openUpload(), [
      blob.bytes.subarray(0, 1000),
      0,
    ]);
    expectStatus(first, 202);
    expect(headerOf(first, 'Range')).to.equal('0-999');
    const second = await patchAt(repository, locationOf(first), [blob.bytes.subarray(1000), 1000]);
    expect(headerOf(second, 'Range')).to.equal('0-2999');
  });

  it('56 answers 400 for a Content-Range that is none', async () => {
    const repository = stage.repository();
    for (const range of ['nonsense', '0-', '-9', 'a-b', '9-0']) {
      const answer = await repository.patch(
        await repository.openUpload(),
        Buffer.alloc(10, 'x'),
        range,
      );
      expectStatus(answer, 400, ...(range === '9-0' ? [416] : []));
    }
  });

  it('57 answers 400 SIZE_INVALID where Content-Range and Content-Length differ', async () => {
    const repository = stage.repository();
    const location = await repository.openUpload();
    const answer = await repository.patch(location, Buffer.alloc(10, 'x'), '0-19');
    expectError(answer, 400, 'SIZE_INVALID');
  });
}

function describeOrder(stage: Stage): void {
  it('58 answers 416 for a gap and for a chunk sent again, and writes nothing', async () => {
    const { repository, blob, location } = await openWith(stage, 1000);
    const gap = await patchAt(repository, location, [blob.bytes.subarray(2000), 2000]);
    expectStatus(gap, 416);
    const again = await patchAt(repository, location, [blob.bytes.subarray(0, 1000), 0]);
    expectStatus(again, 416);
    await finish(repository, blob, [location, 1000]);
  });

  it('59 answers 416 for a first chunk that does not start at 0', async () => {
    const repository = stage.repository();
    const location = await repository.openUpload();
    expectStatus(await patchAt(repository, location, [Buffer.alloc(10, 'x'), 10]), 416);
  });

  it('60 says after a 416 where the upload stands, also at an older Location', async () => {
    const { repository, blob, before, location } = await openWith(stage, 1000);
    expectStatus(await patchAt(repository, location, [blob.bytes.subarray(2000), 2000]), 416);
    for (const old of [before, location, withQuery(before, { digest: blob.digest })]) {
      const status = await stage.client.send('GET', old);
      expectStatus(status, 204);
      expect(headerOf(status, 'Range')).to.equal('0-999');
      locationOf(status);
    }
    const empty = await stage.client.send('GET', await repository.openUpload());
    expectStatus(empty, 204);
    expect(headerOf(empty, 'Range')).to.equal('0-0');
  });

  it('61 continues from the Location of a status and from that of the last 202', async () => {
    const fromStatus = await openWith(stage, 1000);
    const status = await stage.client.send('GET', fromStatus.before);
    await finish(fromStatus.repository, fromStatus.blob, [locationOf(status), 1000]);
    const fromPatch = await openWith(stage, 500);
    await finish(fromPatch.repository, fromPatch.blob, [fromPatch.location, 500]);
  });
}

function describeClosing(stage: Stage): void {
  it('62 takes the last chunk in the PUT, and answers 416 where it is out of order', async () => {
    const { repository, blob, location } = await openWith(stage, 1000);
    const last = { headers: { 'Content-Range': '2000-2999' }, body: blob.bytes.subarray(2000) };
    expectStatus(await repository.close(location, blob.digest, last), 416);
    const rest = { headers: { 'Content-Range': '1000-2999' }, body: blob.bytes.subarray(1000) };
    expectStatus(await repository.close(location, blob.digest, rest), 201);
    expectContent(await repository.getBlob(blob.digest), blob);
  });

  it('63 closes with an empty PUT', async () => {
    const { repository, blob, location } = await openWith(stage, 3000);
    expectStatus(await repository.close(location, blob.digest), 201);
    expectContent(await repository.getBlob(blob.digest), blob);
  });

  it('64 takes the whole body in the PUT where no PATCH came before', async () => {
    const repository = stage.repository();
    const blob = stage.fixtures.blob(3000);
    const whole = { headers: { 'Content-Range': '0-2999' }, body: blob.bytes };
    const answer = await repository.close(await repository.openUpload(), blob.digest, whole);
    expectStatus(answer, 201);
    expectContent(await repository.getBlob(blob.digest), blob);
  });

  it('65 takes chunks of its OCI-Chunk-Min-Length, and a last one of any size', async () => {
    const repository = stage.repository();
    const opened = await repository.startUpload();
    const least = Number(opened.headers['oci-chunk-min-length'] ?? 1000);
    expect(least).to.be.a('number').above(0);
    const blob = stage.fixtures.blob(2 * least + 1);
    let location = locationOf(opened);
    for (const start of [0, least, 2 * least]) {
      const chunk = blob.bytes.subarray(start, start + least);
      const answer = await patchAt(repository, location, [chunk, start]);
      expectStatus(answer, 202);
      location = locationOf(answer);
    }
    expectStatus(await repository.close(location, blob.digest), 201);
    expectContent(await repository.getBlob(blob.digest), blob);
  });

  it('66 carries Location and Range on the 416 of a PATCH', async () => {
    const { repository, blob, location } = await openWith(stage, 1000);
    const answer = await patchAt(repository, location, [blob.bytes.subarray(2000), 2000]);
    expectStatus(answer, 416);
    expect(headerOf(answer, 'Range')).to.equal('0-999');
    await finish(repository, blob, [locationOf(answer), 1000]);
  });

  it('67 writes Range without a unit on 202 and 204', async () => {
    const { repository, location } = await openWith(stage, 1000);
    const answers = [
      await repository.startUpload(),
      await stage.client.send('GET', location),
      await repository.patch(location, Buffer.from('more')),
    ];
    for (const answer of answers) expect(headerOf(answer, 'Range')).to.match(/^0-[0-9]+$/);
  });
}

function describeAlgorithms(stage: Stage): void {
  it('68 takes sha512 on every path of a push without a hint at its start', async () => {
    const repository = stage.repository();
    const blob = (): Content => withSha512(stage.fixtures.blob(3000));

    const whole = blob();
    expectStatus(await repository.putBlob(whole), 201);

    const single = blob();
    const posted = await repository.startUpload(`?digest=${single.digest}`, { body: single.bytes });
    expectStatus(posted, 201);

    const chunked = blob();
    const chunk = await patchAt(repository, await repository.openUpload(), [
      chunked.bytes.subarray(0, 1000),
      0,
    ]);
    const rest = { body: chunked.bytes.subarray(1000) };
    expectStatus(await repository.close(locationOf(chunk), chunked.digest, rest), 201);

    for (const content of [whole, single, chunked]) {
      expectContent(await repository.getBlob(content.digest), content);
      const head = await repository.headBlob(content.digest);
      expect(headerOf(head, 'Docker-Content-Digest')).to.equal(content.digest);
    }
  });

  it('69 takes digest-algorithm=sha512 and answers 400 for an unknown one', async () => {
    const repository = stage.repository();
    const blob = withSha512(stage.fixtures.blob());
    const location = await repository.openUpload('?digest-algorithm=sha512');
    expectStatus(await repository.close(location, blob.digest, { body: blob.bytes }), 201);
    expectStatus(await repository.startUpload('?digest-algorithm=md5'), 400);
  });
}

function describeLifetime(stage: Stage): void {
  it('70 lets one of two PATCHes at once win', async () => {
    const repository = stage.repository();
    const size = 300_000;
    const [one, two] = [stage.fixtures.bytes(size), stage.fixtures.bytes(size)];
    const location = await repository.openUpload();
    const answers = await Promise.all([
      patchAt(repository, location, [one, 0]),
      patchAt(repository, location, [two, 0]),
    ]);
    expect(answers.map((answer) => answer.status)).to.have.members([202, 416]);
    const won = answers[0]?.status === 202 ? one : two;
    const status = await stage.client.send('GET', location);
    expect(headerOf(status, 'Range')).to.equal(`0-${size - 1}`);
    expectStatus(await repository.close(locationOf(status), digestOf(won)), 201);
  });

  it('71 cancels an upload with 204, and answers 404 after', async () => {
    const { repository, location } = await openWith(stage, 1000);
    expectStatus(await stage.client.send('DELETE', location), 204);
    expectError(await stage.client.send('GET', location), 404, 'BLOB_UPLOAD_UNKNOWN');
    expectStatus(await repository.patch(location, Buffer.from('x')), 404);
    expectStatus(await stage.client.send('DELETE', location), 404);
  });

  it('71 needs only the right to push for cancelling', async function () {
    stage.credentials(this);
    const { repository, location } = await openWith(stage, 1000);
    const scope = `repository:${repository.name}:pull,push`;
    expectStatus(await stage.client.send('DELETE', location, { scope }), 204);
  });

  it('72 forgets an upload that was not finished in a week', async function () {
    const { url, passTime } = await stage.need('aging', this)();
    const repository = stage.repositoryOf(url);
    const location = await repository.openUpload();
    expectStatus(await repository.client.send('GET', location), 204);
    passTime(8 * DAY_MS);
    const late = await repository.client.send('GET', location);
    expectError(late, 404, 'BLOB_UPLOAD_UNKNOWN');
  });
}
