import { expect } from 'chai';
import type { TagView, TreeSize } from '../../../../src/registry/tree/tree-views.ts';
import { blobOf, imageOf, recordOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import {
  type OpenPorts,
  openMemoryPorts,
  openPostgresPorts,
  type TestPorts,
} from '../../../support/ports.ts';
import { send } from '../../../two-sites/client.ts';
import { startPrimary, type TestSite } from '../../../two-sites/site.ts';

const PASSWORD = 'correct-horse-battery';
const INDEX = 'application/vnd.oci.image.index.v1+json';

const withoutName = (text: string) => text.replace(/hidden\/\w+/g, '');

describeTree('in memory', openMemoryPorts);
describeTree('on PostgreSQL', openPostgresPorts);

function describeTree(where: string, openPorts: OpenPorts): void {
  describe(`the tree of names ${where}`, () => {
    let ports: TestPorts;
    let site: TestSite;

    before(async () => {
      ports = await openPorts();
      site = await startPrimary('tokyo', ports);
      for (const name of ['acme/web/ui', 'acme/web/api', 'acme/secret', 'hidden/app']) {
        await push(name, 'v1');
      }
      for (const tag of ['v2', 'v3']) await push('acme/web/ui', tag);
      await pushIndex('acme/web/ui', 'multi');
      await put('accounts/ann', { password: PASSWORD });
      const grants = [{ pattern: 'acme/web/**', actions: ['pull'] }];
      await put('accounts/ann', { grants });
    });
    after(async () => {
      await site.stop();
      await ports.close();
    });

    const put = async (path: string, body: object) => {
      const answer = await send(`${site.url}/api/v1/${path}`, {
        method: 'PUT',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      expect(answer.status, await answer.clone().text()).to.be.oneOf([200, 201]);
    };
    const record = (name: string, manifest: ReturnType<typeof imageOf>, tags: string[]) =>
      ports.metadata.recordManifest({
        repository: repositoryNamed(name),
        manifest,
        tags: tags.map(tagNamed),
        mayOverwrite: true,
        actor: 'ci',
      });
    const push = async (name: string, tag: string) => {
      const repository = repositoryNamed(name);
      const digest = blobOf(tag);
      await ports.metadata.linkBlob({ repository, digest, sizeBytes: 1000, actor: '' });
      await record(name, imageOf(tag), [tag]);
    };
    const pushIndex = async (name: string, tag: string) => {
      const { digest, mediaType } = imageOf('v1');
      const platforms = [
        { os: 'linux', architecture: 'amd64' },
        { os: 'linux', architecture: 'arm64', variant: 'v8' },
        { os: 'unknown', architecture: 'unknown' },
      ];
      const manifests = platforms.map((platform) => ({ mediaType, digest, size: 1, platform }));
      await record(name, recordOf(INDEX, { manifests }), [tag]);
    };
    const ask = (path: string, user?: string) => {
      const basic = `Basic ${Buffer.from(`${user}:${PASSWORD}`).toString('base64')}`;
      const init = user === undefined ? {} : { headers: { authorization: basic } };
      return send(`${site.url}/api/v1/${path}`, init);
    };
    const read = async <T>(path: string, user?: string): Promise<T> => {
      const answer = await ask(path, user);
      expect(answer.status, await answer.clone().text()).to.equal(200);
      return (await answer.json()) as T;
    };
    const names = async (path: string, user?: string): Promise<string[]> => {
      const body = await read<Record<string, { name: string }[]>>(path, user);
      return Object.values(body)[0]!.map(({ name }) => name);
    };

    it('lists groups, projects and images, of which a caller sees what it may pull', async () => {
      expect(await names('groups')).to.deep.equal(['acme', 'hidden']);
      expect(await names('groups', 'ann')).to.deep.equal(['acme']);
      expect(await names('projects?group=acme')).to.deep.equal(['acme/secret', 'acme/web']);
      expect(await names('projects?group=acme', 'ann')).to.deep.equal(['acme/web']);
      const web = ['acme/web/api', 'acme/web/ui'];
      expect(await names('repositories', 'ann')).to.deep.equal(web);
      expect(await names('repositories?tree=acme/web')).to.deep.equal(web);
      expect(await names('repositories?search=secret')).to.deep.equal(['acme/secret']);
      expect(await names('repositories?search=secret', 'ann')).to.deep.equal([]);
    });

    it('answers for what is hidden as for what is not there', async () => {
      for (const path of ['projects?group=', 'repositories?tree=']) {
        const hidden = await (await ask(`${path}hidden`, 'ann')).text();
        expect(await (await ask(`${path}nothing`, 'ann')).text()).to.equal(hidden);
      }
      for (const [path, status] of [
        ['repositories/NAME/tags', 403],
        ['sizes?tree=NAME', 404],
      ] as const) {
        const [hidden, absent] = await Promise.all(
          ['hidden/app', 'hidden/no'].map((name) => ask(path.replace('NAME', name), 'ann')),
        );
        expect([hidden!.status, absent!.status]).to.deep.equal([status, status]);
        expect(withoutName(await hidden!.text())).to.equal(withoutName(await absent!.text()));
      }
    });

    it('lists tags with digest, size, platforms and who pushed them', async () => {
      const { tags } = await read<{ tags: TagView[] }>('repositories/acme/web/ui/tags', 'ann');
      expect(tags.map(({ name }) => name)).to.deep.equal(['multi', 'v1', 'v2', 'v3']);
      const { content, digest, mediaType } = imageOf('v1');
      expect(tags[1]).to.deep.include({ digest, mediaType, pushedBy: 'ci', platforms: [] });
      expect(tags[1]!.sizeBytes).to.equal(1000 + content.length);
      expect(tags[0]!.platforms).to.deep.equal(['linux/amd64', 'linux/arm64/v8']);
      expect(tags[0]).to.not.have.property('index');
    });

    it('leads from page to page of each list, and keeps what was asked', async () => {
      for (const [path, count] of [
        ['groups?n=1', 2],
        ['projects?n=1&group=acme', 2],
        ['repositories?n=1&tree=acme', 3],
        ['repositories/acme/web/ui/tags?n=1&search=v', 3],
        ['repositories/acme/web/ui/tags?n=1&sort=-pushed', 4],
      ] as const) {
        const seen: string[] = [];
        let next: string | undefined = path;
        while (next !== undefined) {
          const answer: Response = await ask(next);
          const body = (await answer.json()) as Record<string, { name: string }[]>;
          const [page] = Object.values(body);
          expect(page).to.have.length(1);
          seen.push(page![0]!.name);
          const link: string | null = answer.headers.get('link');
          next = /^<\/api\/v1\/([^>]+)>; rel="next"$/.exec(link ?? '')?.[1];
        }
        expect(new Set(seen).size, path).to.equal(count);
        expect(seen).to.have.length(count);
      }
    });

    it('sums up a tree and its own image, each content once', async () => {
      const size = await read<TreeSize>('sizes?tree=acme/web');
      expect(size).to.include({ tree: 'acme/web', repositories: 2, blobs: 3, manifests: 4 });
      expect(size).to.not.have.property('own');
      const { own } = await read<TreeSize>('sizes?tree=acme/secret', 'admin');
      expect(own).to.include({ repositories: 1, blobs: 1, manifests: 1 });
    });

    it('refuses what is no name, and clamps what is too much', async () => {
      for (const path of [
        "repositories?search=' OR 1=1 --",
        'repositories?prefix=%25',
        'groups?last=a%00b',
        'groups?n=-1',
        'projects',
        'projects?group=a/b',
        'sizes',
        'repositories?tree=../etc',
        'repositories/acme/web/ui/tags?sort=toString',
        'repositories/acme/web/ui/tags?last=v1',
      ]) {
        expect((await ask(path)).status, path).to.equal(400);
      }
      expect(await names('groups?n=0')).to.deep.equal(['acme']);
      expect((await fetch(`${site.url}/api/v1/groups`)).status).to.equal(401);
      expect((await ask('repositories/no/such/tags')).status).to.equal(404);
    });
  });
}
