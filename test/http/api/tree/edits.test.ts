import { expect } from 'chai';
import { blobOf, imageOf, repositoryNamed, tagNamed } from '../../../support/content.ts';
import {
  type OpenPorts,
  openMemoryPorts,
  openPostgresPorts,
  type TestPorts,
} from '../../../support/ports.ts';
import { send } from '../../../two-sites/client.ts';
import { startPrimary, type TestSite } from '../../../two-sites/site.ts';

const PASSWORD = 'correct-horse-battery';

type Method = 'GET' | 'HEAD' | 'PUT' | 'PATCH' | 'DELETE';

/** The status, and the code of an error. */
const outcomeOf = async (answer: Promise<Response>): Promise<[number, string]> => {
  const { status, ...rest } = await answer.then(async (one) => ({
    status: one.status,
    text: await one.text(),
  }));
  const body = rest.text === '' ? {} : (JSON.parse(rest.text) as { errors?: { code: string }[] });
  return [status, body.errors?.[0]?.code ?? ''];
};

describeEdits('in memory', openMemoryPorts);
describeEdits('on PostgreSQL', openPostgresPorts);

function describeEdits(where: string, openPorts: OpenPorts): void {
  describe(`changes of the tree of names ${where}`, () => {
    let ports: TestPorts;
    let site: TestSite;

    before(async () => {
      ports = await openPorts();
      site = await startPrimary('tokyo', ports);
      await grant('ann', ['pull', 'push', 'delete'], 'acme/**', 'beta/**');
      await grant('carl', ['pull', 'push'], 'acme/**', 'beta/**');
      await grant('dave', ['push', 'delete'], 'acme/**', 'dave/**');
    });
    after(async () => {
      await site.stop();
      await ports.close();
    });

    const call = ([method, path]: readonly [Method, string], body?: object, user?: string) => {
      const basic = `Basic ${Buffer.from(`${user}:${PASSWORD}`).toString('base64')}`;
      const content = body === undefined ? {} : { body: JSON.stringify(body) };
      return send(`${site.url}${path.startsWith('/') ? path : `/api/v1/${path}`}`, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(user === undefined ? {} : { authorization: basic }),
        },
        ...content,
      });
    };
    const grant = async (name: string, actions: string[], ...patterns: string[]) => {
      await call(['PUT', `accounts/${name}`], { password: PASSWORD });
      const grants = patterns.map((pattern) => ({ pattern, actions }));
      expect((await call(['PUT', `accounts/${name}`], { grants })).status).to.equal(200);
    };
    const push = async (name: string, ...tags: string[]) => {
      const repository = repositoryNamed(name);
      for (const tag of tags) {
        const digest = blobOf(tag);
        await ports.metadata.linkBlob({ repository, digest, sizeBytes: 1000, actor: '' });
        const common = { repository, mayOverwrite: true, actor: 'ci' };
        await ports.metadata.recordManifest({
          ...common,
          manifest: imageOf(tag),
          tags: [tagNamed(tag)],
        });
      }
    };
    const statusOf = async (path: string) => (await call(['GET', path])).status;
    const names = async (tree: string): Promise<string[]> => {
      const answer = await call(['GET', `repositories?tree=${tree}`]);
      const { repositories } = (await answer.json()) as { repositories: { name: string }[] };
      return repositories.map(({ name }) => name);
    };

    it('delete a tag, and leave what it points to', async () => {
      await push('acme/tags', 'v1', 'v2');
      expect((await call(['DELETE', 'tags/acme/tags:v1'], undefined, 'ann')).status).to.equal(204);
      expect(await statusOf('/v2/acme/tags/manifests/v1')).to.equal(404);
      expect(await statusOf(`/v2/acme/tags/manifests/${imageOf('v1').digest}`)).to.equal(200);
      expect(await outcomeOf(call(['DELETE', 'tags/acme/tags:v1']))).to.deep.equal([
        404,
        'MANIFEST_UNKNOWN',
      ]);
      const carls = call(['DELETE', 'tags/acme/tags:v2'], undefined, 'carl');
      expect(await outcomeOf(carls)).to.deep.equal([403, 'DENIED']);
    });

    it('delete a project with all its images, or say what would go (A41)', async () => {
      for (const name of ['acme/gone/ui', 'acme/gone/api/x', 'acme/gone', 'acme/gone-not']) {
        await push(name, 'v1', 'v2');
      }
      const dry = await call(['DELETE', 'trees/acme/gone?dry_run=true'], undefined, 'ann');
      const gone = ['acme/gone', 'acme/gone/api/x', 'acme/gone/ui'];
      expect(await dry.json()).to.deep.include({ repositories: gone, isDryRun: true });
      expect(await names('acme/gone')).to.deep.equal(gone);
      // From here on both are remembered.
      expect(await statusOf('/v2/acme/gone/ui/manifests/v1')).to.equal(200);
      const blob = `/v2/acme/gone/ui/blobs/${blobOf('v1')}`;
      expect((await call(['HEAD', blob])).status).to.equal(200);
      const carls = call(['DELETE', 'trees/acme/gone'], undefined, 'carl');
      expect(await outcomeOf(carls)).to.deep.equal([403, 'DENIED']);
      expect((await call(['DELETE', 'trees/acme/gone'], undefined, 'ann')).status).to.equal(200);
      expect(await names('acme/gone')).to.deep.equal([]);
      expect(await statusOf('/v2/acme/gone/ui/manifests/v1')).to.equal(404);
      expect((await call(['HEAD', blob])).status).to.equal(404);
      expect(await statusOf('/v2/acme/gone-not/manifests/v1')).to.equal(200);
    });

    it('tell nobody of what may not be deleted or moved whether it is there', async () => {
      await push('hidden/app', 'v1');
      for (const path of ['trees/hidden', 'trees/nothing', 'trees/hidden/app', 'trees/nothing/x']) {
        const deletion = await outcomeOf(call(['DELETE', path], undefined, 'ann'));
        expect(deletion, path).to.deep.equal([403, 'DENIED']);
        const move = await outcomeOf(call(['PATCH', path], { path: 'acme/mine' }, 'ann'));
        expect(move, path).to.deep.equal([403, 'DENIED']);
      }
      const unknown = await outcomeOf(call(['DELETE', 'trees/acme/nothing'], undefined, 'ann'));
      expect(unknown).to.deep.equal([404, 'NAME_UNKNOWN']);
    });

    it('move a project, and lease its names to whoever made a dry run', async () => {
      await push('acme/old/ui', 'v1');
      await push('acme/old', 'v2');
      const to = { path: 'beta/new' };
      const dry = await call(['PATCH', 'trees/acme/old?dry_run=true'], to, 'ann');
      expect(dry.status).to.equal(202);
      const planned = (await dry.json()) as { names: object[]; leasedUntil: string };
      const moved = [
        { from: 'acme/old', to: 'beta/new' },
        { from: 'acme/old/ui', to: 'beta/new/ui' },
      ];
      expect(planned.names).to.deep.equal(moved);
      const leftMs = new Date(planned.leasedUntil).getTime() - Date.now();
      expect(leftMs).to.be.within(1000, 60_000);
      for (const name of ['acme/old/ui', 'acme/old/x', 'beta/new']) {
        const from = 'acme/tags:v2';
        const outcome = await outcomeOf(call(['PUT', `tags/${name}:new`], { from }));
        expect(outcome, name).to.deep.equal([409, 'RENAME_IN_PROGRESS']);
      }
      const v1 = `/v2/acme/old/ui/manifests/${imageOf('v1').digest}`;
      const deletion = await outcomeOf(call(['DELETE', v1]));
      expect(deletion).to.deep.equal([409, 'RENAME_IN_PROGRESS']);
      const others = await outcomeOf(call(['PATCH', 'trees/acme/old'], { path: 'acme/other' }));
      expect(others).to.deep.equal([409, 'RENAME_IN_PROGRESS']);
      const done = await call(['PATCH', 'trees/acme/old'], to, 'ann');
      expect(await done.json()).to.deep.equal({ names: moved });
      expect(await statusOf('/v2/beta/new/ui/manifests/v1')).to.equal(200);
      expect(await statusOf(`/v2/beta/new/blobs/${blobOf('v2')}`)).to.not.equal(409);
      expect(await statusOf('/v2/acme/old/ui/manifests/v1')).to.equal(404);
      await push('acme/old/ui', 'v3');
    });

    it('rename an image, but not over another one (A25), nor without each right', async () => {
      await push('acme/one', 'v1');
      await push('acme/two', 'v2');
      const rename = (name: string, user?: string) =>
        outcomeOf(call(['PATCH', 'repositories/acme/one'], { name }, user));
      expect(await rename('acme/two', 'ann')).to.deep.equal([409, 'RENAME_CONFLICT']);
      expect(await rename('acme/one', 'ann')).to.deep.equal([409, 'RENAME_CONFLICT']);
      expect(await rename('beta/one', 'carl')).to.deep.equal([403, 'DENIED']);
      // Who may not pull it there must not come to read it elsewhere.
      expect(await rename('dave/one', 'dave')).to.deep.equal([403, 'DENIED']);
      expect(await rename('virtual_registries/containers/x/y')).to.deep.equal([403, 'DENIED']);
      expect(await rename('gamma/one', 'ann')).to.deep.equal([403, 'DENIED']);
      expect(await rename('beta/one', 'ann')).to.deep.equal([200, '']);
      expect(await statusOf('/v2/beta/one/manifests/v1')).to.equal(200);
      const inside = { path: 'beta/one/below' };
      const outcome = await outcomeOf(call(['PATCH', 'trees/beta/one'], inside, 'ann'));
      expect(outcome).to.deep.equal([409, 'RENAME_CONFLICT']);
    });

    it('copy an image by a pull and a push (A12), and move no tag (A25)', async () => {
      await push('acme/app', 'v1', 'v2');
      await push('hidden/app', 'v1');
      const copy = (image: string, from: string, user: string) =>
        outcomeOf(call(['PUT', `tags/${image}`], { from }, user));
      expect(await copy('beta/app:stable', 'acme/app:v1', 'carl')).to.deep.equal([201, '']);
      expect(await statusOf('/v2/beta/app/manifests/stable')).to.equal(200);
      expect(await copy('beta/app:stable', 'acme/app:v2', 'carl')).to.deep.equal([403, 'DENIED']);
      expect(await copy('beta/app:v1', 'hidden/app:v1', 'carl')).to.deep.equal([403, 'DENIED']);
      expect(await copy('beta/app:v1', 'hidden/no:v1', 'carl')).to.deep.equal([403, 'DENIED']);
      expect(await copy('dave/app:v1', 'acme/app:v1', 'dave')).to.deep.equal([403, 'DENIED']);
      expect(await copy('hidden/app:v9', 'acme/app:v1', 'carl')).to.deep.equal([403, 'DENIED']);
      expect(await copy('beta/app:x', 'acme/app:no', 'carl')).to.deep.equal([
        404,
        'MANIFEST_UNKNOWN',
      ]);
      const byDigest = `acme/app@${imageOf('v2').digest}`;
      expect(await copy('acme/app:two', byDigest, 'carl')).to.deep.equal([201, '']);
      const token = call(['PUT', 'tags/beta/app:y'], { from: 'acme/app:v1' });
      expect((await token).status).to.equal(201);
    });

    it('are refused where a protected tag is among what goes or comes (A26)', async () => {
      await push('acme/kept/ui', 'v1', 'v2');
      const protection = { tags: ['v*'], isImmutable: true };
      await ports.policies.record({
        kind: 'protection',
        path: 'acme/kept' as never,
        name: 'releases',
        ...protection,
        tags: ['v*' as never],
        accounts: [],
        groups: [],
      });
      for (const answer of [
        call(['DELETE', 'tags/acme/kept/ui:v1']),
        call(['DELETE', 'trees/acme/kept']),
        call(['DELETE', 'trees/acme']),
        call(['DELETE', 'repositories/acme/kept/ui']),
        call(['PATCH', 'trees/acme/kept'], { path: 'beta/kept' }),
        call(['PATCH', 'repositories/acme/kept/ui'], { name: 'beta/kept' }),
        call(['PUT', 'tags/acme/kept/ui:v1'], { from: 'acme/kept/ui:v2' }),
      ]) {
        expect(await outcomeOf(answer)).to.deep.equal([403, 'DENIED']);
      }
      expect(await names('acme/kept')).to.deep.equal(['acme/kept/ui']);
      await ports.policies.delete({
        kind: 'protection',
        path: 'acme/kept' as never,
        name: 'releases',
      });
    });

    it('are refused to everybody where nothing may be deleted (A26)', async () => {
      await push('acme/app', 'v1');
      const other = await startPrimary('tokyo', ports, { MERIDIAN_CHANGES: 'push' });
      const basic = `Basic ${Buffer.from(`ann:${PASSWORD}`).toString('base64')}`;
      const ask = async (method: Method, path: string, body?: object) => {
        const headers = { authorization: basic, 'content-type': 'application/json' };
        const content = body && { body: JSON.stringify(body) };
        return (await fetch(`${other.url}/api/v1/${path}`, { method, headers, ...content })).status;
      };
      try {
        expect(await ask('DELETE', 'tags/acme/app:v1')).to.equal(405);
        expect(await ask('DELETE', 'trees/acme/app')).to.equal(405);
        expect(await ask('DELETE', 'repositories/acme/app')).to.equal(405);
        expect(await ask('PATCH', 'trees/acme/app', { path: 'acme/b' })).to.equal(405);
        expect(await ask('PATCH', 'repositories/acme/app', { name: 'acme/b' })).to.equal(405);
        expect(await ask('PUT', 'tags/acme/app:v7', { from: 'acme/app:v1' })).to.equal(201);
      } finally {
        await other.stop();
      }
    });

    it('refuse what they do not understand', async () => {
      for (const [method, path, body] of [
        ['PUT', 'tags/acme/app:x', { from: 'acme/app' }],
        ['PUT', 'tags/acme/app:x', { from: 'acme/app:v1', dryRun: true }],
        ['PUT', 'tags/Acme/app:x', { from: 'acme/app:v1' }],
        ['PATCH', 'trees/acme/app', { path: 'No Name' }],
        ['PATCH', 'trees/acme/app', {}],
        ['DELETE', 'trees/acme/app?dry_run=maybe', undefined],
        ['DELETE', 'trees/Acme', undefined],
      ] as const) {
        expect((await call([method, path], body)).status, path).to.equal(400);
      }
      const nobody = await fetch(`${site.url}/api/v1/trees/acme`, { method: 'DELETE' });
      expect(nobody.status).to.equal(401);
    });
  });
}
