import { expect } from 'chai';
import { OCI_INDEX } from '../../../../src/oci/media-type.ts';
import type { GarbageRun } from '../../../../src/storage/garbage-bin.ts';
import { indexOf } from '../../../support/content.ts';
import { PolicyStand } from '../../../support/lifecycle/stand.ts';
import { openMemoryPorts } from '../../../support/ports.ts';
import { makeImage } from '../../../two-sites/client.ts';

const RELEASES = '/api/v1/protections/releases?path=acme';
const IMMUTABLE = { tags: ['v*', 'latest'], immutable: true };

describe('/api/v1/protections', () => {
  let stand: PolicyStand;

  beforeEach(async () => {
    stand = await PolicyStand.open(openMemoryPorts);
  });
  afterEach(() => stand.close());

  it('creates, lists, replaces and deletes them', async () => {
    const made = await stand.send('PUT', RELEASES, { body: IMMUTABLE });
    expect(made.status).to.equal(201);
    expect(await made.json()).to.deep.equal({ name: 'releases', path: 'acme', ...IMMUTABLE });
    const rule = { tags: ['main'], immutable: false, accounts: ['ci'], groups: [] };
    expect((await stand.send('PUT', RELEASES, { body: rule })).status).to.equal(200);
    await stand.do('PUT', '/api/v1/protections/all?path=', { body: IMMUTABLE });
    const all = [
      { name: 'all', path: '', ...IMMUTABLE },
      { name: 'releases', path: 'acme', ...rule },
    ];
    expect(await stand.do('GET', '/api/v1/protections')).to.deep.equal({ protections: all });
    const first = await stand.send('GET', '/api/v1/protections?n=1');
    const [, next] = /^<([^>]*)>; rel="next"$/.exec(first.headers.get('link')!)!;
    expect(await stand.do('GET', next!)).to.deep.equal({ protections: [all[1]] });
    const ofPath = await stand.do('GET', '/api/v1/protections?path=acme');
    expect(ofPath).to.deep.equal({ protections: [all[1]] });
    await stand.do('DELETE', RELEASES);
    expect((await stand.send('DELETE', RELEASES)).status).to.equal(404);
  });

  it('takes linear patterns alone, and tells in a sentence what is wrong (A8)', async () => {
    const wrong = [
      { tags: ['(a+)+$'], immutable: true },
      { tags: ['v**'], immutable: true },
      { tags: ['*'.repeat(200)], immutable: true },
      { tags: [], immutable: true },
      { tags: Array.from({ length: 21 }, () => 'v*'), immutable: true },
      { tags: ['v*'], immutable: true, accounts: ['ci'] },
    ];
    for (const body of wrong) {
      const answer = await stand.send('PUT', RELEASES, { body });
      expect(answer.status, JSON.stringify(body)).to.equal(400);
      const { errors } = (await answer.json()) as { errors: { message: string }[] };
      expect(errors).to.have.length(1);
    }
    for (const path of ['releases', 'releases?path=ACME', 'releases?path=a//b', 'a%20b?path=a']) {
      const answer = await stand.send('PUT', `/api/v1/protections/${path}`, { body: IMMUTABLE });
      expect(answer.status, path).to.equal(400);
    }
    const slow = { tags: [`${'*a'.repeat(60)}b`], immutable: true };
    await stand.do('PUT', '/api/v1/protections/slow?path=acme', { body: slow });
    const begun = performance.now();
    await stand.push(`acme/app:${'a'.repeat(128)}`);
    expect(performance.now() - begun).to.be.below(2000);
  });

  it('is for who administers all of the path, and for nobody else (A26b)', async () => {
    await stand.addAccount('ann');
    await stand.addAccount('adm', { actions: ['admin'] });
    await stand.addAccount('one', { pattern: 'acme', actions: ['admin'] });
    for (const as of ['ann', 'one']) {
      await stand.refused('PUT', RELEASES, { as, body: IMMUTABLE });
      await stand.refused('DELETE', RELEASES, { as });
      await stand.refused('GET', '/api/v1/protections?path=acme', { as });
    }
    await stand.do('PUT', RELEASES, { as: 'adm', body: IMMUTABLE });
    const everywhere = '/api/v1/protections/all?path=';
    await stand.refused('PUT', everywhere, { as: 'adm', body: IMMUTABLE });
    await stand.refused('PUT', '/api/v1/protections/all?path=other', {
      as: 'adm',
      body: IMMUTABLE,
    });
    await stand.refused('GET', '/api/v1/protections', { as: 'adm' });
    await stand.do('DELETE', RELEASES, { as: 'adm' });
  });

  describe('that say immutable', () => {
    beforeEach(() => stand.do('PUT', RELEASES, { body: IMMUTABLE }));

    it('let a tag be created once, by its name or by ?tag=, also latest (A25, A26)', async () => {
      const one = await stand.push('acme/app:v1');
      await stand.do(...stand.tag('acme/app:latest', one));
      await stand.do(...stand.tag('acme/app:v1', one));
      const two = await stand.pushBlobs('acme/app');
      for (const tag of ['v1', 'latest']) {
        expect(await stand.refused(...stand.tag(`acme/app:${tag}`, two))).to.equal(immutable(tag));
      }
      const more = stand.tag(`acme/app:${two.digest}?tag=new&tag=v1`, two);
      expect(await stand.refused(...more)).to.equal(immutable('v1'));
      expect(await stand.digestOf('acme/app', 'new')).to.equal(undefined);
      expect(await stand.digestOf('acme/app', 'v1')).to.equal(one.digest);
      await stand.do(...stand.tag('acme/app:V1', two));
      expect(await stand.digestOf('acme/app', 'v1'), 'another tag').to.equal(one.digest);
      const odd = stand.tag(`acme/app:${encodeURIComponent('ｖ1')}`, two);
      expect((await stand.send(...odd)).status, 'letters of full width').to.equal(400);
    });

    it('let nobody delete a tag, what it points to, or what that names (A26)', async () => {
      const child = await stand.push('acme/app:edge');
      const index = indexOf([child.digest]);
      const pushed = { body: index.content, type: OCI_INDEX };
      await stand.do('PUT', '/v2/acme/app/manifests/v2', pushed);
      await stand.do('DELETE', '/v2/acme/app/manifests/edge');
      const head = await stand.ports.changeLog.head();
      for (const path of [
        '/v2/acme/app/manifests/v2',
        `/v2/acme/app/manifests/${index.digest}`,
        `/v2/acme/app/manifests/${child.digest}`,
        `/v2/acme/app/blobs/${blobOfImage(child)}`,
        '/api/v1/repositories/acme/app',
      ]) {
        expect(await stand.refused('DELETE', path)).to.contain('acme/app:v2 is immutable');
      }
      expect(await stand.ports.changeLog.head()).to.equal(head);
    });

    it('hold against pushes at once', async () => {
      const images = Array.from({ length: 20 }, () => makeImage(5));
      for (const image of images) await stand.pushBlobs('acme/app', image);
      const answers = await Promise.all(
        images.map((image) => stand.send(...stand.tag('acme/app:v1', image))),
      );
      const made = answers.filter(({ status }) => status === 201);
      expect(made).to.have.length(1);
      expect(answers.filter(({ status }) => status === 403)).to.have.length(19);
    });
  });

  it('hold what they need against the collection of garbage (A26)', async () => {
    await stand.close();
    stand = await PolicyStand.open(openMemoryPorts, {
      MERIDIAN_GARBAGE_DELAY: '0s',
      MERIDIAN_GARBAGE_WINDOW: '0s',
      MERIDIAN_GARBAGE_UNTAGGED: 'true',
    });
    await stand.do('PUT', RELEASES, { body: IMMUTABLE });
    const child = await stand.push('acme/app:edge');
    const index = indexOf([child.digest]);
    await stand.do('PUT', '/v2/acme/app/manifests/v2', { body: index.content, type: OCI_INDEX });
    await stand.do('DELETE', '/v2/acme/app/manifests/edge');
    const { manifests, links } = await stand.do<GarbageRun>('POST', '/api/v1/garbage/run', {
      body: { sweep: true },
    });
    expect({ manifests, links }).to.deep.equal({ manifests: 0, links: 0 });
    for (const path of [`manifests/${child.digest}`, `blobs/${blobOfImage(child)}`]) {
      expect((await stand.send('HEAD', `/v2/acme/app/${path}`)).status, path).to.equal(200);
    }
  });

  it('let tags be changed by the accounts and groups that they name', async () => {
    await stand.addAccount('ann');
    await stand.addAccount('bob', { groups: ['releasers'] });
    await stand.addAccount('ci');
    const rule = { tags: ['main'], accounts: ['ci'], groups: ['releasers'] };
    await stand.do('PUT', RELEASES, { body: rule });
    const image = await stand.pushBlobs('acme/app');
    for (const as of ['ann', 'admin']) {
      expect(await stand.refused(...stand.tag('acme/app:main', image, as))).to.equal(
        'the tag acme/app:main is protected by the protection "releases" of acme, ' +
          'and you may not create it',
      );
    }
    await stand.do(...stand.tag('acme/app:main', image, 'ci'));
    const other = await stand.pushBlobs('acme/app');
    await stand.do(...stand.tag('acme/app:main', other, 'bob'));
    const tag = '/v2/acme/app/manifests/main';
    expect(await stand.refused('DELETE', tag, { as: 'ann' })).to.contain('you may not delete it');
    const digest = `/v2/acme/app/manifests/${other.digest}`;
    expect(await stand.refused('DELETE', digest, { as: 'ann' })).to.contain('acme/app:main');
    await stand.do('DELETE', tag, { as: 'bob' });
  });
});

function immutable(tag: string): string {
  return `the tag acme/app:${tag} is immutable by the protection "releases" of acme`;
}

function blobOfImage({ manifest }: { readonly manifest: Buffer }): string {
  const { config } = JSON.parse(manifest.toString()) as { config: { digest: string } };
  return config.digest;
}
