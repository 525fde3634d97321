import { expect } from 'chai';
import { EVENTS_TYPE } from '../../../src/oci/events/incoming.ts';
import { imageOf } from '../../support/content.ts';
import { openMemoryPorts } from '../../support/ports.ts';
import { send, until } from '../client.ts';
import { openPair, type Pair } from '../pair.ts';

interface TokenText {
  readonly token?: string;
}

const readToken = async (site: string) => {
  const answer = await send(`${site}/api/v1/registry_events/token`);
  return ((await answer.json()) as TokenText).token;
};

describe('events of external registries at two sites', () => {
  let pair: Pair;

  before(async () => {
    pair = await openPair(openMemoryPorts);
  });
  after(() => pair.close());

  it('are taken by the primary, whichever site is told', async () => {
    const { primary, secondary } = pair;
    const token = await readToken(primary.url);
    await until('it knows accounts', async () => (await readToken(secondary.url)) === token);
    const { digest, mediaType } = imageOf('a');
    const target = { digest, mediaType, repository: 'acme/app', tag: 'v1' };
    const event = { id: 'one', timestamp: '2026-11-21T12:00:00Z', action: 'push', target };
    const tell = (bearer: string) =>
      fetch(`${secondary.url}/api/v1/registry_events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': EVENTS_TYPE },
        body: JSON.stringify({ events: [event] }),
      });
    expect((await tell(`mre_${'a'.repeat(43)}`)).status).to.equal(401);
    expect((await tell('other')).status).to.equal(401);
    expect(await (await tell(token!)).json()).to.include({ recorded: 1 });
    for (const { url } of [primary, secondary]) {
      const answer = await send(`${url}/api/v1/external_images`);
      const { images } = (await answer.json()) as { images: { digest: string }[] };
      expect(images.map((image) => image.digest)).to.deep.equal([digest]);
    }
  });
});
