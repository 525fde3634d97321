import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { defer } from '../../support/deferred.ts';
import { type OpenPorts, openMemoryPorts, openPostgresPorts } from '../../support/ports.ts';
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

const MAKERS: Readonly<Record<string, OpenPorts>> = {
  memory: openMemoryPorts,
  PostgreSQL: openPostgresPorts,
};

for (const [maker, openPorts] of Object.entries(MAKERS)) {
  describe(`what changes while an upstream is asked, with ports of ${maker}`, () => {
    const image = imageWith('one');
    let stand: Stand;

    beforeEach(async () => {
      stand = await openStand({ ports: await openPorts() });
      await stand.set([upstreamNamed('a')]);
      putImage(stand.remote('a'), image);
    });

    afterEach(async () => {
      await stand.virtual.close();
      await stand.ports.close();
    });

    const get = () => stand.virtual.getManifest(call(), ref('latest'));

    /** Does it while the upstream has the question. */
    async function during<T>(asking: () => Promise<T>, change: () => Promise<unknown>): Promise<T> {
      const remote = stand.remote('a');
      const gate = defer();
      remote.gate = gate.promise;
      const asked = remote.asked.length;
      const outcome = asking();
      outcome.catch(() => undefined);
      while (remote.asked.length === asked) await turn();
      await change();
      remote.gate = undefined;
      gate.resolve();
      return outcome;
    }

    it('V13 a purge is not undone by what an upstream was asked before', async () => {
      const { source } = await during(get, () =>
        stand.ports.virtualRegistries.purge({ upstream: 'a', image: APP }),
      );
      expect(source).to.equal('miss');
      expect(stand.remote('a').asked).to.deep.equal(['get latest', 'get latest']);
    });

    it('V13 nor by a HEAD of what was cached before', async () => {
      await get();
      stand.clock.advance({ hours: 25 });
      await during(get, () => stand.ports.virtualRegistries.purge({ upstream: 'a' }));
      expect(stand.remote('a').asked.at(-1)).to.equal('get latest');
    });

    it('V4 keeps nothing under a new URL that came from the old one', async () => {
      const moved = upstreamNamed('a', { url: 'https://elsewhere.test' });
      await during(get, () => stand.ports.virtualRegistries.recordUpstream(moved));
      expect(stand.remote('a').asked).to.deep.equal(['get latest', 'get latest']);
    });

    it('gives nothing of an upstream that was deleted meanwhile', async () => {
      const outcome = during(get, () => stand.ports.virtualRegistries.deleteUpstream('a'));
      expect((await failureOf(outcome)).code).to.equal('NAME_UNKNOWN');
    });

    it('V13 lists no tags by what an upstream was asked before', async () => {
      const list = () => stand.virtual.listTags(call(), { limit: 9 });
      await during(list, async () => {
        await stand.ports.virtualRegistries.purge({ upstream: 'a' });
        // Whoever asks next learns of it, while the list is on its way.
        await stand.virtual.findRegistry('hub');
      });
      await list();
      expect(stand.remote('a').asked).to.deep.equal(['tags', 'tags']);
    });
  });
}
