/** What every maker of `Policies` keeps. */
import { expect } from 'chai';
import { NotPrimary } from '../../../../src/storage/failure.ts';
import type { FactPorts, OpenFacts } from '../../../support/facts.ts';
import { immutable, protectedFor, quota, treePath } from '../../../support/lifecycle/policies.ts';

export function describePoliciesContract(name: string, open: OpenFacts): void {
  describe(`Policies in ${name}`, () => {
    let ports: FactPorts;

    beforeEach(async () => {
      ports = await open();
    });
    afterEach(() => ports.close());

    it('finds what was recorded, word for word, and replaces it whole', async () => {
      const policy = protectedFor(['ci']);
      expect(await ports.policies.find(policy)).to.equal(undefined);
      expect(await ports.policies.record(policy)).to.deep.equal({ kind: 'recorded' });
      expect(await ports.policies.find(policy)).to.deep.equal(policy);
      const changed = { ...policy, accounts: ['amy'] };
      await ports.policies.record(changed);
      expect(await ports.policies.find(policy)).to.deep.equal(changed);
    });

    const list = (page: object) => ports.policies.list({ limit: 10, ...page });

    it('tells the log of each change, and of none where nothing changed', async () => {
      const policy = immutable();
      await ports.policies.record(policy);
      await ports.policies.record(policy);
      expect(await ports.policies.delete(policy)).to.equal(true);
      expect(await ports.policies.delete(policy)).to.equal(false);
      const changes = await ports.changeLog.list({ after: 0, limit: 10 });
      const { kind, path, name: named } = policy;
      expect(changes.map(({ fact }) => fact)).to.deep.equal([
        { kind: 'policy-recorded', policy },
        { kind: 'policy-deleted', policy: { kind, path, name: named } },
      ]);
    });

    it('lists by path, kind and name, in pages, and by kind and path', async () => {
      const all = [
        quota('', 10),
        immutable({ name: 'b' }),
        immutable({ name: 'c' }),
        quota('acme', 10),
        immutable({ path: 'acme-two' }),
        immutable({ path: 'acme/app', name: 'a' }),
      ];
      for (const policy of all.toReversed()) await ports.policies.record(policy);
      expect(await list({})).to.deep.equal(all);
      expect(await list({ after: all[1], limit: 2 })).to.deep.equal(all.slice(2, 4));
      expect(await list({ kind: 'quota' })).to.deep.equal([all[0], all[3]]);
      expect(await list({ path: treePath('acme') })).to.deep.equal(all.slice(1, 4));
    });

    it('takes no more than twenty of a kind at one path', async () => {
      for (let nth = 0; nth < 20; nth += 1) {
        await ports.policies.record(immutable({ name: `rule-${nth}` }));
      }
      expect(await ports.policies.record(immutable())).to.deep.equal({ kind: 'too-many' });
      expect(await ports.policies.record(immutable({ name: 'rule-3', tags: ['x'] }))).to.deep.equal(
        { kind: 'recorded' },
      );
      expect(await ports.policies.record(immutable({ path: 'acme/app' }))).to.deep.equal({
        kind: 'recorded',
      });
    });

    it('is written at the primary alone, and applied elsewhere', async () => {
      await ports.become('secondary');
      const [policy, at] = [immutable(), new Date()];
      expect(await ports.policies.record(policy).catch((error: unknown) => error)).to.be.instanceOf(
        NotPrimary,
      );
      const fact = { kind: 'policy-recorded', policy } as const;
      await ports.changeLog.apply([{ position: 1, epoch: 1, at, fact }]);
      expect(await ports.policies.find(policy)).to.deep.equal(policy);
      const { kind, path, name: named } = policy;
      const gone = { kind: 'policy-deleted', policy: { kind, path, name: named } } as const;
      await ports.changeLog.apply([{ position: 2, epoch: 1, at, fact: gone }]);
      expect(await ports.policies.find(policy)).to.equal(undefined);
    });
  });
}
