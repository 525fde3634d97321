/** Checklist F: mounting a blob from another repository (73 to 78). */
import { expect } from 'chai';
import type { Answer } from '../exchange.ts';
import { headerOf } from '../exchange.ts';
import { digestOf } from '../fixtures.ts';
import { expectContent, expectStatus, locationOf, type Repository } from '../repository.ts';
import type { Stage } from '../stage.ts';

const UNKNOWN = digestOf(Buffer.from('never pushed'));

export function describeMounts(stage: Stage): void {
  describe('F. Mounting blobs', () => {
    describeMountsFrom(stage);
    describeAnonymousMounts(stage);
  });
}

function mount(repository: Repository, digest: string, from?: Repository): Promise<Answer> {
  const source = from === undefined ? '' : `&from=${encodeURIComponent(from.name)}`;
  return repository.startUpload(`?mount=${encodeURIComponent(digest)}${source}`);
}

/** The shape of an answer without what differs from one session to the next. */
function shapeOf(answer: Answer): unknown {
  const names = Object.keys(answer.headers).sort();
  return { status: answer.status, names, body: answer.body.toString() };
}

function describeMountsFrom(stage: Stage): void {
  it('73 mounts a blob that is in the named repository', async () => {
    const source = stage.repository('source');
    const blob = await source.pushNewBlob();
    const target = stage.repository('target');
    const answer = await mount(target, blob.digest, source);
    expectStatus(answer, 201);
    expect(headerOf(answer, 'Docker-Content-Digest')).to.equal(blob.digest);
    expect(locationOf(answer).pathname).to.equal(target.path(`blobs/${blob.digest}`));
    expectContent(await target.getBlob(blob.digest), blob);
  });

  it('74 opens an upload where the named repository lacks the blob', async () => {
    const source = stage.repository('source');
    await source.pushNewBlob();
    const answer = await mount(stage.repository('target'), UNKNOWN, source);
    expectStatus(answer, 202);
    locationOf(answer);
  });

  it('75 answers the same for an unknown source and for a forbidden one', async function () {
    const target = stage.repository('target');
    const source = stage.repository('source');
    const blob = await source.pushNewBlob();
    const lacking = shapeOf(await mount(target, UNKNOWN, source));
    expect(shapeOf(await mount(target, blob.digest, stage.repository('nowhere')))).to.deep.equal(
      lacking,
    );
    const addAccount = stage.need('addAccount', this);
    const pusher = await addAccount([{ pattern: target.name, actions: ['pull', 'push'] }]);
    const answer = await mount(stage.as(pusher, target), blob.digest, source);
    expect(shapeOf(answer)).to.deep.equal(lacking);
    expectStatus(await target.headBlob(blob.digest), 404);
  });
}

function describeAnonymousMounts(stage: Stage): void {
  it('76 mounts without a source where the caller can pull the blob somewhere', async () => {
    const source = stage.repository('source');
    const blob = await source.pushNewBlob();
    const target = stage.repository('target');
    const scope = `repository:${target.name}:pull,push repository:${source.name}:pull`;
    expectStatus(await target.startUpload(`?mount=${blob.digest}`, { scope }), 201);
    expectContent(await target.getBlob(blob.digest), blob);
    expectStatus(await mount(target, UNKNOWN), 202);
  });

  it('76 opens an upload where the caller can pull the blob nowhere', async function () {
    const addAccount = stage.need('addAccount', this);
    const blob = await stage.repository('source').pushNewBlob();
    const target = stage.repository('target');
    const pusher = await addAccount([{ pattern: target.name, actions: ['pull', 'push'] }]);
    expectStatus(await mount(stage.as(pusher, target), blob.digest), 202);
  });

  it('77 answers 400 or opens an upload for a malformed digest', async () => {
    const answer = await mount(stage.repository(), 'sha256:bad', stage.repository('source'));
    expectStatus(answer, 400, 202);
  });

  it('78 takes the blob in the upload that it opened instead', async () => {
    const blob = stage.fixtures.blob();
    const target = stage.repository('target');
    const answer = await mount(target, blob.digest, stage.repository('nowhere'));
    expectStatus(answer, 202);
    const closed = await target.close(locationOf(answer), blob.digest, { body: blob.bytes });
    expectStatus(closed, 201);
    expectContent(await target.getBlob(blob.digest), blob);
  });
}
