import { expect } from 'chai';
import { blobOf, imageOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import { openMemoryPorts, type TestPorts } from '../../../support/ports.ts';
import { makeImage, push, send } from '../../../two-sites/client.ts';
import { ADMIN, startPrimary, type TestSite } from '../../../two-sites/site.ts';

interface Entry {
  readonly at: string;
  readonly action: string;
  readonly repository: string;
  readonly tags: readonly string[];
  readonly digest?: string;
  readonly actor: string;
}

describe('/api/v1/activity', () => {
  let ports: TestPorts;
  let site: TestSite;

  before(async () => {
    ports = await openMemoryPorts();
    site = await startPrimary('tokyo', ports);
    for (const [name, pattern] of [
      ['bob', 'acme/web/**'],
      ['eve', 'beta/**'],
    ] as const) {
      const body = { password: ADMIN.password, grants: [{ pattern, actions: ['pull', 'push'] }] };
      const made = await send(`${site.url}/api/v1/accounts/${name}`, {
        method: 'PUT',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      expect(made.status).to.equal(201);
    }
    await record('acme/lib', 'ann');
    await record('acme/web/ui', 'bob');
    await push({ site: site.url, name: 'acme/web/api:v2' }, makeImage(10));
    await ports.metadata.deleteTag(repositoryNamed('acme/lib'), tagNamed('v1'), 'ann');
  });
  after(() => site.stop());

  const record = async (text: string, actor: string) => {
    const repository = repositoryNamed(text);
    await ports.metadata.linkBlob({ repository, digest: blobOf(text), sizeBytes: 1, actor });
    const put = { repository, manifest: imageOf(text), mayOverwrite: true, actor };
    await ports.metadata.recordManifest({ ...put, tags: [tagNamed('v1')] });
  };
  const ask = (query = '', account?: string) => {
    const basic = Buffer.from(`${account}:${ADMIN.password}`).toString('base64');
    const headers: Record<string, string> =
      account === undefined ? {} : { authorization: `Basic ${basic}` };
    return send(`${site.url}/api/v1/activity${query}`, { headers });
  };
  const list = async (query = '', account?: string) => {
    const answer = await ask(query, account);
    expect(answer.status, query).to.equal(200);
    return ((await answer.json()) as { activity: Entry[] }).activity;
  };
  const namesOf = async (query = '', account?: string) =>
    (await list(query, account)).map(({ repository }) => repository);

  it('tells who pushed and deleted what', async () => {
    const [gone, pushed] = await list();
    expect(gone).to.include({ action: 'delete', repository: 'acme/lib', actor: 'ann' });
    expect(gone!.tags).to.deep.equal(['v1']);
    expect(pushed).to.include({ action: 'push', repository: 'acme/web/api', actor: ADMIN.user });
    expect(pushed!.tags).to.deep.equal(['v2']);
    expect(pushed!.digest).to.match(/^sha256:/);
  });

  it('filters by path, action, actor and time', async () => {
    expect(await namesOf('?path=acme/web')).to.deep.equal(['acme/web/api', 'acme/web/ui']);
    expect(await namesOf('?path=acme/web/ui')).to.deep.equal(['acme/web/ui']);
    expect(await namesOf('?action=delete')).to.deep.equal(['acme/lib']);
    expect(await namesOf('?actor=bob&action=push')).to.deep.equal(['acme/web/ui']);
    const later = new Date(Date.now() + 60_000).toISOString();
    expect(await namesOf(`?since=${later}`)).to.deep.equal([]);
    expect(await namesOf(`?until=${later}`)).to.have.lengthOf(4);
  });

  it('tells each only of repositories that they may pull', async () => {
    expect(await namesOf('', 'bob')).to.deep.equal(['acme/web/api', 'acme/web/ui']);
    expect(await namesOf('?path=acme', 'bob')).to.deep.equal(['acme/web/api', 'acme/web/ui']);
    expect(await namesOf('?path=acme', 'eve')).to.deep.equal([]);
    expect((await fetch(`${site.url}/api/v1/activity`)).status).to.equal(401);
  });

  it('comes by pages', async () => {
    const names: string[] = [];
    for (let query: string | undefined = '?n=1&path=acme'; query !== undefined; ) {
      const answer = await ask(query);
      const { activity } = (await answer.json()) as { activity: Entry[] };
      names.push(...activity.map(({ repository }) => repository));
      query = /<\/api\/v1\/activity(.*)>/.exec(answer.headers.get('link') ?? '')?.[1];
    }
    expect(names).to.deep.equal(['acme/lib', 'acme/web/api', 'acme/web/ui', 'acme/lib']);
  });

  it('refuses what it cannot mean', async () => {
    const wrong = [
      '?path=Acme',
      '?path=../x',
      '?action=pull',
      '?since=yesterday',
      '?until=2026-99-99T00:00:00Z',
      '?last=5',
      "?last=1,1'--",
      `?actor=${'a'.repeat(300)}`,
      '?actor=%00',
      '?n=many',
    ];
    for (const query of wrong) expect((await ask(query)).status, query).to.equal(400);
  });
});
