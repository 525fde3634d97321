import { expect } from 'chai';
import { RemoteFailure } from '../../../src/storage/virtual/remotes.ts';
import { recordOf, repositoryNamed, tagNamed } from '../../support/content.ts';
import { type OpenPorts, openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
import { registryNamed } from '../../support/virtual/cached.ts';
import {
  APP,
  call,
  failureOf,
  imageWith,
  openStand,
  putImage,
  ref,
  type Stand,
  upstreamNamed,
} from './stand.ts';

const OURS = repositoryNamed('ours');

const MAKERS: Readonly<Record<string, OpenPorts>> = {
  memory: openMemoryPorts,
  PostgreSQL: openPostgresPorts,
};

for (const [maker, openPorts] of Object.entries(MAKERS)) {
  describe(`the order of upstreams with ports of ${maker}`, () => {
    const [one, two] = [imageWith('one'), imageWith('two')];
    let stand: Stand;

    beforeEach(async () => {
      stand = await openStand({ ports: await openPorts() });
    });

    afterEach(async () => {
      await stand.virtual.close();
      await stand.ports.close();
    });

    const get = (registry = 'hub') => stand.virtual.getManifest(call({ registry }), ref('latest'));
    const askedOf = (name: string) => stand.remote(name).asked;

    /** `b` alone behind `lower`, and behind `hub` below `a`. */
    async function share(): Promise<void> {
      await stand.set([upstreamNamed('a'), upstreamNamed('b')]);
      const lower = registryNamed('lower', { upstreams: ['b'] });
      await stand.ports.virtualRegistries.recordRegistry(lower);
    }

    it('V5 asks a higher upstream before repositories of this site answer', async () => {
      const local = upstreamNamed('l', { origin: { kind: 'local', prefix: OURS } });
      await stand.set([upstreamNamed('a'), local]);
      const { digest, mediaType, content } = recordOf(one.mediaType, { layers: [], word: 'ours' });
      await stand.registry.manifests.put({
        repository: repositoryNamed(`${OURS}/${APP}`),
        reference: { kind: 'tag', tag: tagNamed('latest') },
        tags: [],
        mediaType,
        content,
        mayOverwrite: true,
        actor: 'admin',
      });
      putImage(stand.remote('a'), one);
      expect((await get()).upstream).to.equal('a');
      stand.remote('a').deleteManifest(APP, 'latest');
      stand.clock.advance({ hours: 25 });
      expect((await get()).found.digest).to.equal(digest);
      stand.clock.advance({ hours: 1 });
      expect((await get()).upstream).to.equal('l');
      expect(askedOf('a')).to.deep.equal(['get latest', 'head latest']);
    });

    it('A35 asks a higher upstream also where another registry cached the tag below', async () => {
      await share();
      putImage(stand.remote('a'), one);
      putImage(stand.remote('b'), two);
      expect((await get('lower')).found.digest).to.equal(two.digest);
      expect((await get()).found.digest).to.equal(one.digest);
    });

    it('A35 gives nothing from below while one above was never asked, and fails', async () => {
      await share();
      putImage(stand.remote('b'), two);
      await get('lower');
      stand.remote('a').failure = new RemoteFailure('unreachable', 'it is silent');
      expect((await failureOf(get())).status).to.equal(503);
    });

    it('V2 answers a tag from below without asking, as long as it holds', async () => {
      await share();
      putImage(stand.remote('b'), one);
      await get();
      stand.clock.advance({ seconds: 90 });
      // What nobody has is forgotten soon; what a lower upstream's answer rests on is not.
      await failureOf(stand.virtual.getManifest(call(), ref('nowhere')));
      stand.clock.advance({ hours: 20 });
      expect((await get()).source).to.equal('hit');
      expect(askedOf('a')).to.deep.equal(['get latest', 'get nowhere']);
    });

    it('V6 serves a stale tag from below where the higher upstream lacked it', async () => {
      await share();
      putImage(stand.remote('b'), one);
      await get();
      stand.clock.advance({ hours: 30 });
      stand.remote('a').failure = new RemoteFailure('unreachable', 'it is silent');
      const { source, upstream } = await get();
      expect([source, upstream]).to.deep.equal(['stale', 'b']);
    });
  });
}
