import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { digestOf } from '../../../../src/oci/digest.ts';
import { PolicyStand } from '../../../support/lifecycle/stand.ts';
import { openMemoryPorts } from '../../../support/ports.ts';

const ACME = '/api/v1/quotas?path=acme';

interface Listed {
  readonly quotas: readonly { readonly path: string; readonly usedBytes: number }[];
}

describe('/api/v1/quotas', () => {
  let stand: PolicyStand;

  beforeEach(async () => {
    stand = await PolicyStand.open(openMemoryPorts);
  });
  afterEach(() => stand.close());

  const used = async () => (await stand.do<Listed>('GET', ACME)).quotas[0]!.usedBytes;
  const begin = async (repository: string): Promise<string> => {
    const answer = await stand.send('POST', `/v2/${repository}/blobs/uploads/`);
    return answer.headers.get('location')!;
  };

  it('sets, lists with what is used, changes and deletes them', async () => {
    const blob = randomBytes(300);
    await stand.pushBlob('acme/app', blob);
    const made = await stand.send('PUT', ACME, { body: { limitBytes: 1000 } });
    expect(made.status).to.equal(201);
    const quota = { path: 'acme', limitBytes: 1000, usedBytes: 300 };
    expect(await made.json()).to.deep.equal(quota);
    await stand.pushBlob('acme/web', blob);
    expect(await stand.do('GET', '/api/v1/quotas')).to.deep.equal({ quotas: [quota] });
    expect((await stand.send('PUT', ACME, { body: { limitBytes: 2000 } })).status).to.equal(200);
    expect((await stand.send('PUT', ACME, { body: { limitBytes: -1 } })).status).to.equal(400);
    await stand.do('DELETE', ACME);
    expect((await stand.send('DELETE', ACME)).status).to.equal(404);
  });

  it('are set by administrators of the registry, and seen by those of the path', async () => {
    await stand.addAccount('adm', { actions: ['admin'] });
    await stand.refused('PUT', ACME, { as: 'adm', body: { limitBytes: 1 } });
    await stand.do('PUT', ACME, { body: { limitBytes: 1 } });
    await stand.do('GET', ACME, { as: 'adm' });
    await stand.refused('GET', '/api/v1/quotas', { as: 'adm' });
  });

  it('break an upload off while its bytes arrive, and say why', async () => {
    await stand.do('PUT', ACME, { body: { limitBytes: 1000 } });
    await stand.pushBlob('acme/app', randomBytes(900));
    const type = 'application/octet-stream';
    const sentence = 'the quota of acme is 1000 bytes, of which 900 are used, and';
    const announced = await stand.refused('PATCH', await begin('acme/web'), {
      body: randomBytes(101),
      type,
    });
    expect(announced).to.equal(`${sentence} 101 more are wanted`);
    const streamed = await fetch(new URL(await begin('acme/web'), stand.site.url), {
      method: 'PATCH',
      body: streamOf(Array.from({ length: 50 }, () => randomBytes(10))),
      duplex: 'half',
      headers: { authorization: basic(), 'content-type': type },
    });
    expect(streamed.status).to.equal(403);
    expect(await streamed.text()).to.contain(`${sentence} 110 more are wanted`);
    const twice = await stand.send('PATCH', await begin('acme/web'), {
      body: randomBytes(90),
      type,
    });
    expect(twice.status).to.equal(202);
    const next = twice.headers.get('location')!;
    const refused = await stand.refused('PATCH', next, { body: randomBytes(20), type });
    expect(refused).to.equal(`${sentence} 110 more are wanted`);
    expect(await used()).to.equal(900);
  });

  it('count what is mounted, once, and refuse what has no room', async () => {
    const blob = randomBytes(600);
    await stand.pushBlob('other/app', blob);
    await stand.do('PUT', ACME, { body: { limitBytes: 1000 } });
    const query = new URLSearchParams({ mount: digestOf(blob), from: 'other/app' });
    const mount = (repository: string) => `/v2/${repository}/blobs/uploads/?${query.toString()}`;
    expect((await stand.send('POST', mount('acme/app'))).status).to.equal(201);
    expect((await stand.send('POST', mount('acme/web'))).status).to.equal(201);
    expect(await used()).to.equal(600);
    await stand.do('PUT', ACME, { body: { limitBytes: 599 } });
    const late = '/v2/acme/late/blobs/uploads/';
    expect((await stand.send('POST', mount('acme/late'))).status, 'already in the tree').to.equal(
      201,
    );
    const second = randomBytes(10);
    await stand.pushBlob('other/app', second);
    const more = new URLSearchParams({ mount: digestOf(second), from: 'other/app' });
    expect(await stand.refused('POST', `${late}?${more.toString()}`)).to.contain('10 more');
  });

  it('hold against 50 PUTs at once (A15)', async () => {
    await stand.do('PUT', ACME, { body: { limitBytes: 10_000 } });
    const blobs = Array.from({ length: 50 }, () => randomBytes(990));
    const answers = await Promise.all(
      blobs.map((blob, nth) => stand.pushBlob(`acme/app-${nth % 5}`, blob)),
    );
    expect(answers.filter(({ status }) => status === 201)).to.have.length(10);
    expect(answers.filter(({ status }) => status === 403)).to.have.length(40);
    expect(await used()).to.equal(9900);
  });

  it('refuse a manifest that has no room, with nothing of it written', async () => {
    const image = await stand.pushBlobs('acme/app');
    const bytes = image.config.length + 20;
    await stand.do('PUT', ACME, { body: { limitBytes: bytes + 10 } });
    expect(await stand.refused(...stand.tag('acme/app:v1', image))).to.contain('of which');
    expect(await stand.digestOf('acme/app', 'v1')).to.equal(undefined);
    expect(await used()).to.equal(bytes);
  });
});

function basic(): string {
  return `Basic ${Buffer.from('admin:correct-horse-battery').toString('base64')}`;
}

function streamOf(chunks: readonly Buffer[]): ReadableStream {
  const left = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const chunk = left.shift();
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  });
}
