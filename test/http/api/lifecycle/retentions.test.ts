import { expect } from 'chai';
import type { RetentionReport } from '../../../../src/registry/lifecycle/retention-runs.ts';
import { figuresOf } from '../../../geo/status/site-figures.ts';
import { PolicyStand } from '../../../support/lifecycle/stand.ts';
import { type OpenPorts, openMemoryPorts, openPostgresPorts } from '../../../support/ports.ts';
import type { Image } from '../../../two-sites/client.ts';

const OLD = '/api/v1/retentions/old?path=acme';

describeRetentions('in memory', openMemoryPorts);
describeRetentions('on PostgreSQL', openPostgresPorts);

function describeRetentions(where: string, openPorts: OpenPorts): void {
  describe(`/api/v1/retentions ${where}`, () => {
    let stand: PolicyStand;
    let image: Image;

    beforeEach(async () => {
      stand = await PolicyStand.open(openPorts);
      image = await stand.pushBlobs('acme/app');
    });
    afterEach(() => stand.close());

    const run = (body: object = {}) =>
      stand.do<RetentionReport>('POST', '/api/v1/retentions/run', { body });
    const tagAll = async (repository: string, ...tags: string[]) => {
      for (const tag of tags) await stand.do(...stand.tag(`${repository}:${tag}`, image));
    };
    const tagsOf = async (repository: string) =>
      (await stand.do<{ tags: string[] }>('GET', `/v2/${repository}/tags/list`)).tags;
    const keep = (rules: object, tags = ['*']) =>
      stand.do('PUT', OLD, { body: { tags, keep: rules } });

    it('take what a dry run shows, and nothing else', async () => {
      await tagAll('acme/app', 'a', 'b', 'c', 'd', 'keep-1', 'v1');
      await stand.push('acme/web/ui:x');
      await stand.push('other/app:x');
      await keep({ lastPushed: 1 }, ['*']);
      await stand.do('PUT', '/api/v1/protections/releases?path=acme/app', {
        body: { tags: ['v*'], immutable: true },
      });
      await stand.do('PUT', '/api/v1/retentions/kept?path=acme/app', {
        body: { tags: ['keep-*'], keep: { lastPushed: 5 } },
      });
      const head = await stand.ports.changeLog.head();
      const shown = await run({ dryRun: true });
      expect(shown.tags.map(({ repository, tag }) => `${repository}:${tag}`)).to.deep.equal(
        ['a', 'b', 'c', 'd'].map((tag) => `acme/app:${tag}`),
      );
      expect(await stand.ports.changeLog.head()).to.equal(head);
      const taken = await run();
      expect(taken.tags).to.deep.equal(shown.tags);
      expect(await tagsOf('acme/app')).to.deep.equal(['keep-1', 'v1']);
      const changes = await stand.ports.changeLog.list({ after: head, limit: 9 });
      expect(changes.map(({ fact }) => fact)).to.deep.equal(
        shown.tags.map(({ repository, tag }) => {
          return { kind: 'tag-deleted', repository, tag, actor: 'retention' };
        }),
      );
      expect((await run()).tags).to.deep.equal([]);
      const manifest = `/v2/acme/app/manifests/${image.digest}`;
      expect((await stand.send('HEAD', manifest)).status).to.equal(200);
    });

    it('keep what was pulled last, and what was never pulled by its push', async () => {
      await tagAll('acme/app', 'a', 'b', 'c');
      const at = new Date(Date.now() + 60_000);
      const pull = { repository: 'acme/app', at } as const;
      await stand.ports.imagePulls.record([{ ...pull, reference: 'a' } as never]);
      await keep({ lastPulled: 2 });
      expect((await run({ dryRun: true })).tags.map(({ tag }) => tag)).to.deep.equal(['b']);
    });

    it('take nothing by pulls while a site has not told of its own, and say so', async () => {
      const site = { name: 'lisbon', url: 'http://lisbon.test', publicKey: { x: 'x' } };
      await stand.ports.sites.recordSite(site);
      await tagAll('acme/app', 'a', 'b');
      await keep({ lastPulled: 1 });
      const report = async (ago: number | undefined, heardMs: number) => {
        const told = ago === undefined ? {} : { pullsToldSecondsAgo: ago };
        const heardAt = new Date(Date.now() - heardMs);
        const figures = figuresOf('lisbon', told);
        await stand.ports.siteReports.record({ site: 'lisbon', heardAt, figures });
        return run({ dryRun: true });
      };
      const kept = { tags: [], awaitedSites: ['lisbon'] };
      expect(await run({ dryRun: true })).to.deep.include(kept);
      expect(await report(undefined, 0)).to.deep.include(kept);
      expect(await report(2, 70_000)).to.deep.include(kept);
      expect(await report(61, 0)).to.deep.include(kept);
      const shown = await report(2, 1000);
      expect(shown.tags.map(({ tag }) => tag)).to.deep.equal(['a']);
      expect(shown.awaitedSites).to.deep.equal([]);
    });

    it('keep what is young, and look only where they are told to', async () => {
      await tagAll('acme/app', 'a', 'b');
      await keep({ pushedWithinDays: 1 });
      expect((await run()).tags).to.deep.equal([]);
      await keep({ lastPushed: 1 });
      expect(await run({ path: 'other' })).to.deep.include({ tags: [], repositories: 0 });
      expect((await run({ path: 'acme/app', dryRun: true })).tags).to.have.length(1);
    });

    it('never take what stands for a referrer, or what no retention speaks of', async () => {
      const fallback = image.digest.replace(':', '-');
      await tagAll('acme/app', fallback, `${fallback}.sig`, 'main', 'pr-1', 'pr-2');
      await keep({ pulledWithinDays: 1 }, ['pr-*']);
      expect((await run()).tags).to.deep.equal([]);
      await keep({ lastPushed: 1 }, ['*']);
      expect((await run()).tags.map(({ tag }) => tag)).to.deep.equal(['main', 'pr-1']);
    });
  });
}

describe('/api/v1/retentions', () => {
  let stand: PolicyStand;

  before(async () => {
    stand = await PolicyStand.open(openMemoryPorts);
  });
  after(() => stand.close());

  it('takes no retention that keeps nothing by any rule, and no wrong pattern', async () => {
    const wrong = [
      { tags: ['*'], keep: {} },
      { tags: ['*'], keep: { lastPushed: 0 } },
      { tags: ['a b'], keep: { lastPushed: 1 } },
      { tags: ['*'] },
    ];
    for (const body of wrong) {
      expect((await stand.send('PUT', OLD, { body })).status, JSON.stringify(body)).to.equal(400);
    }
  });

  it('is for who administers all of the path (A26b)', async () => {
    await stand.addAccount('ann');
    await stand.addAccount('adm', { actions: ['admin'] });
    const body = { tags: ['*'], keep: { lastPushed: 1 } };
    await stand.refused('PUT', OLD, { as: 'ann', body });
    await stand.do('PUT', OLD, { as: 'adm', body });
    const run = '/api/v1/retentions/run';
    await stand.refused('POST', run, { as: 'ann', body: { path: 'acme' } });
    await stand.refused('POST', run, { as: 'adm', body: {} });
    await stand.do('POST', run, { as: 'adm', body: { path: 'acme' } });
    await stand.do('DELETE', OLD, { as: 'adm' });
  });
});
