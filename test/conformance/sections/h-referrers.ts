/** Checklist H, second half: referrers (110 to 119). */
import { expect } from 'chai';
import { type Answer, headerOf, jsonOf } from '../exchange.ts';
import {
  type Content,
  descriptorOf,
  digestOf,
  EMPTY_JSON,
  imageOf,
  indexOf,
  type Json,
  OCI_INDEX,
} from '../fixtures.ts';
import { expectStatus, type Repository } from '../repository.ts';
import type { Stage } from '../stage.ts';

const UNKNOWN = digestOf(Buffer.from('never pushed'));
const SBOM = 'application/vnd.example.sbom.v1+json';

export function describeReferrers(stage: Stage): void {
  describe('H. Referrers', () => {
    describeAnswers(stage);
    describeDescriptors(stage);
    describeLargeLists(stage);
    describeDeletions(stage);
  });
}

interface ReferrersList {
  readonly schemaVersion: number;
  readonly mediaType: string;
  readonly manifests: (Json & { readonly digest: string })[];
}

function listOf(answer: Answer): ReferrersList {
  expectStatus(answer, 200);
  expect(headerOf(answer, 'Content-Type')).to.equal(OCI_INDEX);
  const list = jsonOf<ReferrersList>(answer);
  expect(list).to.include({ schemaVersion: 2, mediaType: OCI_INDEX });
  return list;
}

function digestsOf(answer: Answer): string[] {
  return listOf(answer).manifests.map((descriptor) => descriptor.digest);
}

/** A new subject in a repository of its own. */
async function openSubject(stage: Stage) {
  const repository = stage.repository('referrers');
  const { manifest, config } = await repository.pushImage('v1');
  await repository.pushBlob(EMPTY_JSON);
  return { repository, subject: manifest, config };
}

function artifactOf(subject: Content, more: Json = {}): Content {
  return imageOf(EMPTY_JSON, [EMPTY_JSON], {
    artifactType: SBOM,
    subject: descriptorOf(subject),
    ...more,
  });
}

function describeAnswers(stage: Stage): void {
  it('110 gives an empty index for an unknown digest or repository', async () => {
    const repository = stage.repository('referrers');
    expect(listOf(await repository.referrers(UNKNOWN)).manifests).to.deep.equal([]);
    const { manifest } = await repository.pushImage('v1');
    expect(listOf(await repository.referrers(UNKNOWN)).manifests).to.deep.equal([]);
    expect(listOf(await repository.referrers(manifest.digest)).manifests).to.deep.equal([]);
  });

  it('111 answers 400 for a malformed digest', async () => {
    const { repository } = await openSubject(stage);
    expectStatus(await repository.referrers('sha256:bad'), 400);
    expectStatus(await repository.referrers('latest'), 400);
  });
}

function describeDescriptors(stage: Stage): void {
  it('112 describes a referrer with its type, size, digest and all annotations', async () => {
    const { repository, subject } = await openSubject(stage);
    const annotations = { 'org.example.a': 'ä', 'org.example.b': '{"json": true}' };
    const artifact = await repository.pushManifest(artifactOf(subject, { annotations }));
    const { manifests } = listOf(await repository.referrers(subject.digest));
    expect(manifests).to.deep.equal([
      { ...descriptorOf(artifact), artifactType: SBOM, annotations },
    ]);
  });

  it('113 takes the type of the config for an image without artifactType', async () => {
    const { repository, subject, config } = await openSubject(stage);
    await repository.pushManifest(imageOf(config, [], { subject: descriptorOf(subject) }));
    const { manifests } = listOf(await repository.referrers(subject.digest));
    expect(manifests[0]).to.have.property('artifactType', config.mediaType);
  });

  it('114 gives no artifactType for an index without one', async () => {
    const { repository, subject } = await openSubject(stage);
    await repository.pushManifest(indexOf([], { subject: descriptorOf(subject) }));
    const { manifests } = listOf(await repository.referrers(subject.digest));
    expect(manifests).to.have.lengthOf(1);
    expect(manifests[0]).to.not.have.property('artifactType');
  });

  it('115 filters by artifactType and says so', async () => {
    const { repository, subject } = await openSubject(stage);
    const match = await repository.pushManifest(artifactOf(subject));
    await repository.pushManifest(artifactOf(subject, { artifactType: 'application/other' }));
    const query = `?artifactType=${encodeURIComponent(SBOM)}`;
    const answer = await repository.referrers(subject.digest, query);
    expect(digestsOf(answer)).to.deep.equal([match.digest]);
    expect(headerOf(answer, 'OCI-Filters-Applied')).to.equal('artifactType');
    const none = await repository.referrers(subject.digest, '?artifactType=application%2Fnone');
    expect(digestsOf(none)).to.deep.equal([]);
    expect((await repository.referrers(subject.digest)).headers).to.not.have.property(
      'oci-filters-applied',
    );
  });
}

/** All pages of the list, each of which must be small enough for containerd. */
async function walk(stage: Stage, repository: Repository, subject: Content): Promise<string[]> {
  const found: string[] = [];
  let answer = await repository.referrers(subject.digest);
  for (;;) {
    expect(answer.body.length, 'bytes of a page').to.be.below(4 * 1048 * 1048);
    found.push(...digestsOf(answer));
    const link = /^<([^>]+)>; *rel="next"$/.exec(String(answer.headers.link))?.[1];
    if (link === undefined) return found;
    answer = await stage.client.send('GET', new URL(link, answer.url));
  }
}

function describeLargeLists(stage: Stage): void {
  it('116 pages a list that is larger than clients take', async () => {
    const { repository, subject } = await openSubject(stage);
    const pushed: string[] = [];
    for (let count = 0; count < 6; count += 1) {
      const annotations = { large: `${count}`.repeat(1_000_000) };
      const artifact = await repository.pushManifest(artifactOf(subject, { annotations }));
      pushed.push(artifact.digest);
    }
    expect((await walk(stage, repository, subject)).sort()).to.deep.equal(pushed.sort());
  });

  it('117 lists what an index under the fallback tag names', async () => {
    const { repository, subject } = await openSubject(stage);
    const current = await repository.pushManifest(artifactOf(subject));
    const old = await repository.pushManifest(imageOf(EMPTY_JSON, [], { artifactType: SBOM }));
    const fallback = indexOf([], {
      manifests: [{ ...descriptorOf(old), artifactType: SBOM }, descriptorOf(current)],
    });
    await repository.pushManifest(fallback, subject.digest.replace(':', '-'));
    const digests = digestsOf(await repository.referrers(subject.digest));
    expect(digests.sort()).to.deep.equal([current.digest, old.digest].sort());
  });
}

function describeDeletions(stage: Stage): void {
  it('118 forgets a deleted referrer at once', async () => {
    const { repository, subject } = await openSubject(stage);
    const artifact = await repository.pushManifest(artifactOf(subject));
    expect(digestsOf(await repository.referrers(subject.digest))).to.deep.equal([artifact.digest]);
    expectStatus(await repository.send('DELETE', `manifests/${artifact.digest}`), 202);
    expect(digestsOf(await repository.referrers(subject.digest))).to.deep.equal([]);
  });

  it('119 keeps the referrers of a deleted subject', async () => {
    const { repository, subject } = await openSubject(stage);
    const artifact = await repository.pushManifest(artifactOf(subject));
    expectStatus(await repository.send('DELETE', `manifests/${subject.digest}`), 202);
    expect(digestsOf(await repository.referrers(subject.digest))).to.deep.equal([artifact.digest]);
    expectStatus(await repository.getManifest(artifact.digest), 200);
  });
}
