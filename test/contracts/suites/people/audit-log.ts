/** What every maker of `AuditLog` keeps. */
import { expect } from 'chai';
import type { Act, AuditLog, AuditPage } from '../../../../src/storage/people/audit-log.ts';

type Open = () => Promise<{ readonly auditLog: AuditLog; close(): Promise<void> }>;

const MOMENT = new Date('2026-01-02T03:04:05.678Z');

function actOf(actor: string, path: string, rest: Partial<Act> = {}): Act {
  const from = { address: '192.0.2.7', agent: 'curl' };
  return { at: MOMENT, actor, path: `/api/v1/${path}`, method: 'PUT', ...from, ...rest };
}

export function describeAuditLogContract(name: string, open: Open): void {
  describe(`AuditLog in ${name}`, () => {
    let ports: Awaited<ReturnType<Open>>;
    let log: AuditLog;

    beforeEach(async () => {
      ports = await open();
      log = ports.auditLog;
    });
    afterEach(() => ports.close());

    const actorsOf = async (page: Partial<AuditPage>) =>
      (await log.list({ limit: 10, ...page })).map(({ actor }) => actor);

    it('has an act before anything comes of it, and then what came of it', async () => {
      const act = actOf('ann', 'accounts/bob');
      const id = await log.begin(act);
      expect(await log.list({ limit: 9 })).to.deep.equal([{ ...act, id, outcome: 'begun' }]);
      const settlement = { outcome: 'done', status: 200, fields: { isDisabled: true } } as const;
      for (let times = 0; times < 2; times += 1) await log.settle(id, settlement);
      expect(await log.list({ limit: 9 })).to.deep.equal([{ ...act, id, ...settlement }]);
      await log.settle(id + 1, settlement);
      expect(await log.list({ limit: 9 })).to.have.length(1);
    });

    it('has the outcome of an act that asked for what no database keeps', async () => {
      const id = await log.begin(actOf('ann', 'quotas/all'));
      const fields = { path: 'a\0b', ['\ud800']: 1 };
      await log.settle(id, { outcome: 'refused', status: 400, fields });
      expect((await log.list({ limit: 9 }))[0]).to.include({ outcome: 'refused', status: 400 });
    });

    it('says who it was where that was known only later', async () => {
      const id = await log.begin(actOf('', 'session'));
      await log.settle(id, { outcome: 'done', status: 200, actor: 'ann' });
      expect(await actorsOf({})).to.deep.equal(['ann']);
    });

    it('lists the newest first, by pages and by filters', async () => {
      const ids: number[] = [];
      const later = new Date(MOMENT.getTime() + 1000);
      for (const act of [
        actOf('a', 'accounts/x'),
        actOf('b', 'accounts/y', { method: 'DELETE' }),
        actOf('c', 'sites', { at: later }),
        actOf('a', 'webhooks/w', { at: later }),
      ]) {
        ids.push(await log.begin(act));
      }
      await log.settle(ids[1]!, { outcome: 'refused', status: 403 });
      expect(await actorsOf({})).to.deep.equal(['a', 'c', 'b', 'a']);
      expect(await actorsOf({ limit: 2 })).to.deep.equal(['a', 'c']);
      expect(await actorsOf({ limit: 2, before: ids[2]! })).to.deep.equal(['b', 'a']);
      expect(await actorsOf({ actor: 'a' })).to.deep.equal(['a', 'a']);
      expect(await actorsOf({ path: '/api/v1/accounts/' })).to.deep.equal(['b', 'a']);
      expect(await actorsOf({ method: 'DELETE' })).to.deep.equal(['b']);
      expect(await actorsOf({ outcome: 'refused' })).to.deep.equal(['b']);
      expect(await actorsOf({ since: later })).to.deep.equal(['a', 'c']);
      expect(await actorsOf({ until: later, outcome: 'begun' })).to.deep.equal(['a']);
    });

    it('forgets what lies before a time, and nothing else', async () => {
      await log.begin(actOf('old', 'sites', { at: new Date(MOMENT.getTime() - 1) }));
      await log.begin(actOf('new', 'sites'));
      expect([await log.deleteBefore(MOMENT), await log.deleteBefore(MOMENT)]).to.deep.equal([
        1, 0,
      ]);
      expect(await actorsOf({})).to.deep.equal(['new']);
    });
  });
}
