import { expect } from 'chai';
import { openPostgresPorts } from '../../support/ports.ts';
import { makeImage, push, send, until } from '../client.ts';
import { openPair, type Pair } from '../pair.ts';

const list = async (site: string) => {
  const answer = await send(`${site}/api/v1/activity`);
  return ((await answer.json()) as { activity?: object[] }).activity;
};

describe('the activity feed of two sites', () => {
  let pair: Pair;

  before(async () => {
    pair = await openPair(openPostgresPorts);
  });
  after(() => pair.close());

  it('is the same at both', async () => {
    const { primary, secondary } = pair;
    const image = makeImage(10);
    for (const tag of ['v1', 'v2'])
      await push({ site: primary.url, name: `acme/app:${tag}` }, image);
    const path = `${primary.url}/v2/acme/app/manifests/v1`;
    expect((await send(path, { method: 'DELETE' })).status).to.equal(202);
    const here = await list(primary.url);
    expect(here).to.have.lengthOf(3);
    await until('it has followed', async () => (await list(secondary.url))?.length === 3);
    expect(await list(secondary.url)).to.deep.equal(here);
  });
});
