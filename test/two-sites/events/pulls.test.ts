import { expect } from 'chai';
import { openMemoryPorts } from '../../support/ports.ts';
import { makeImage, push, send, until } from '../client.ts';
import { openPair, type Pair } from '../pair.ts';

interface TagText {
  readonly name: string;
  readonly pulledAt?: string;
}

const readTags = async (site: string) => {
  const answer = await send(`${site}/api/v1/repositories/acme/app/tags`);
  const { tags = [] } = (await answer.json()) as { tags?: TagText[] };
  return new Map(tags.map(({ name, pulledAt }) => [name, pulledAt]));
};

describe('the last pull of an image', () => {
  let pair: Pair;

  before(async () => {
    pair = await openPair(openMemoryPorts);
  });
  after(() => pair.close());

  it('is noted where it happens, and told to the primary', async () => {
    const { primary, secondary } = pair;
    for (const tag of ['v1', 'v2']) {
      await push({ site: primary.url, name: `acme/app:${tag}` }, makeImage(10));
    }
    expect([...(await readTags(primary.url)).values()]).to.deep.equal([undefined, undefined]);
    await until('it has followed', async () => (await readTags(secondary.url)).size === 2);
    const path = `${secondary.url}/v2/acme/app/manifests`;
    const head = await send(`${path}/v1`, { method: 'HEAD' });
    expect(head.status).to.equal(200);
    // As docker does: the tag by HEAD, and then the digest that it was told.
    const digest = head.headers.get('docker-content-digest');
    expect((await send(`${path}/${digest}`)).status).to.equal(200);
    await until('it was told', async () => (await readTags(primary.url)).get('v1') !== undefined);
    const here = await readTags(secondary.url);
    expect(here).to.deep.equal(await readTags(primary.url));
    expect(here.get('v2')).to.equal(undefined);
    const answer = await send(`${primary.url}/api/v1/repositories?tree=acme`);
    const { repositories } = (await answer.json()) as { repositories: TagText[] };
    expect(repositories[0]!.pulledAt).to.equal(here.get('v1'));
  });
});
