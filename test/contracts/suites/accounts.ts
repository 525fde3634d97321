/** What every maker of `Accounts` keeps. */
import { expect } from 'chai';
import { type PathPattern, parsePathPattern } from '../../../src/oci/path-pattern.ts';
import type { AccessToken, Account, Accounts } from '../../../src/storage/accounts.ts';
import { NotPrimary } from '../../../src/storage/failure.ts';
import { type OpenPeople, type PeoplePorts, replay } from '../../support/people-ports.ts';

const MOMENT = new Date('2026-01-02T03:04:05.678Z');

function pattern(text: string): PathPattern {
  return parsePathPattern(text)!;
}

function accountNamed(name: string, rest: Partial<Account> = {}): Account {
  return {
    name,
    kind: 'person',
    passwordHash: `hash of ${name}`,
    isDisabled: false,
    tokensValidAfter: MOMENT,
    grants: [
      { pattern: pattern('acme/**'), actions: ['pull', 'push'] },
      { pattern: pattern('**'), actions: ['pull'] },
    ],
    ...rest,
  };
}

function tokenOf(account: string, id: string, rest: Partial<AccessToken> = {}): AccessToken {
  return {
    id,
    account,
    label: 'the "build" robot',
    secretHash: 'ab'.repeat(32),
    actions: ['pull'],
    patterns: [pattern('acme/app')],
    expiresAt: MOMENT,
    ...rest,
  };
}

async function catchFailure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

export function describeAccountsContract(name: string, open: OpenPeople): void {
  describe(`Accounts in ${name}`, () => {
    let ports: PeoplePorts;
    let accounts: Accounts;

    beforeEach(async () => {
      ports = await open();
      accounts = ports.accounts;
    });
    afterEach(() => ports.close());

    const head = () => ports.changeLog.head();

    it('finds an account as it was recorded', async () => {
      await accounts.recordAccount(accountNamed('amy'));
      expect(await accounts.findAccount('amy')).to.deep.equal(accountNamed('amy'));
      expect(await accounts.findAccount('bob')).to.equal(undefined);
    });

    it('finds an account without a password and without grants', async () => {
      const { passwordHash: _, ...robot } = accountNamed('ci', { kind: 'robot', grants: [] });
      await accounts.recordAccount(robot);
      expect(await accounts.findAccount('ci')).to.deep.equal(robot);
    });

    it('replaces an account whole', async () => {
      await accounts.recordAccount(accountNamed('amy'));
      const { passwordHash: _, ...next } = accountNamed('amy', { isDisabled: true, grants: [] });
      await accounts.recordAccount(next);
      expect(await accounts.findAccount('amy')).to.deep.equal(next);
    });

    it('lists accounts by name in pages', async () => {
      for (const each of ['bob', 'amy', 'b-2', 'zoe']) {
        await accounts.recordAccount(accountNamed(each));
      }
      const first = await accounts.listAccounts({ limit: 3 });
      expect(first.map((account) => account.name)).to.deep.equal(['amy', 'b-2', 'bob']);
      const second = await accounts.listAccounts({ after: 'bob', limit: 3 });
      expect(second.map((account) => account.name)).to.deep.equal(['zoe']);
      expect((await accounts.listAccounts({ after: 'c', limit: 3 })).length).to.equal(1);
    });

    it('keeps what belongs to robots, groups and people whom a provider knows', async () => {
      const { passwordHash: _, ...robot } = accountNamed('ci', { kind: 'robot' });
      const kept = { ...robot, groups: ['a', 'b'], expiresAt: MOMENT, owner: 'acme/app' };
      const group = { ...robot, name: 'a', kind: 'group' as const, externalName: 'staff' };
      const person = { ...accountNamed('amy'), subject: 'https://id.example 42' };
      for (const each of [kept, group, person]) {
        await accounts.recordAccount(each);
        expect(await accounts.findAccount(each.name)).to.deep.equal(each);
      }
      expect(await accounts.findAccountOf('https://id.example 42')).to.deep.equal(person);
      expect(await accounts.findAccountOf('https://id.example 4')).to.equal(undefined);
      expect(await accounts.recordAccount({ ...robot, groups: ['a'] }, kept)).to.equal(true);
      expect(await accounts.findAccount('ci')).to.deep.equal({ ...robot, groups: ['a'] });
    });

    it('lists accounts of a kind, of a group and below a path alone', async () => {
      const robot = { kind: 'robot' as const, owner: 'acme/app' };
      await accounts.recordAccount(accountNamed('a', { groups: ['x', 'y'] }));
      await accounts.recordAccount(accountNamed('b', { ...robot, groups: ['xy'] }));
      await accounts.recordAccount(accountNamed('c', { ...robot, owner: 'acme/app2' }));
      await accounts.recordAccount(accountNamed('x', { kind: 'group' }));
      const namesOf = async (filter: object) =>
        (await accounts.listAccounts({ limit: 10, ...filter })).map(({ name: each }) => each);
      expect(await namesOf({})).to.deep.equal(['a', 'b', 'c', 'x']);
      expect(await namesOf({ kinds: ['person', 'robot'] })).to.deep.equal(['a', 'b', 'c']);
      expect(await namesOf({ memberOf: 'x' })).to.deep.equal(['a']);
      expect(await namesOf({ owner: 'acme' })).to.deep.equal(['b', 'c']);
      expect(await namesOf({ owner: 'acme/app' })).to.deep.equal(['b']);
      expect(await namesOf({ owner: 'acme', after: 'b' })).to.deep.equal(['c']);
    });

    it('lets members leave a group that is deleted, also at a secondary (A23)', async () => {
      const secondary = await open();
      try {
        await accounts.recordAccount(accountNamed('x', { kind: 'group' }));
        await accounts.recordAccount(accountNamed('amy', { groups: ['x', 'y'] }));
        await accounts.recordAccount(accountNamed('bob', { groups: ['x'] }));
        await accounts.deleteAccount('x');
        await replay(ports, secondary);
        for (const each of [accounts, secondary.accounts]) {
          const amy = accountNamed('amy', { groups: ['y'] });
          expect(await each.findAccount('amy')).to.deep.equal(amy);
          expect(await each.findAccount('bob')).to.deep.equal(accountNamed('bob'));
        }
      } finally {
        await secondary.close();
      }
    });

    it('deletes an account with its access tokens', async () => {
      await accounts.recordAccount(accountNamed('amy'));
      await accounts.recordAccessToken(tokenOf('amy', '1'));
      expect(await accounts.deleteAccount('amy')).to.equal(true);
      expect(await accounts.findAccount('amy')).to.equal(undefined);
      expect(await accounts.findAccessToken('1')).to.equal(undefined);
      await accounts.recordAccount(accountNamed('amy'));
      expect(await accounts.listAccessTokens('amy')).to.deep.equal([]);
    });

    it('says that an account was not there', async () => {
      expect(await accounts.deleteAccount('amy')).to.equal(false);
      expect(await head()).to.equal(0);
    });

    it('finds an access token as it was recorded', async () => {
      await accounts.recordAccount(accountNamed('amy'));
      const { expiresAt: _, ...endless } = tokenOf('amy', '2', { actions: [], patterns: [] });
      await accounts.recordAccessToken(tokenOf('amy', '1'));
      await accounts.recordAccessToken(endless);
      expect(await accounts.findAccessToken('1')).to.deep.equal(tokenOf('amy', '1'));
      expect(await accounts.findAccessToken('2')).to.deep.equal(endless);
      expect(await accounts.findAccessToken('3')).to.equal(undefined);
    });

    it("lists an account's access tokens and no others", async () => {
      await accounts.recordAccount(accountNamed('amy'));
      await accounts.recordAccount(accountNamed('bob'));
      await accounts.recordAccessToken(tokenOf('amy', '2'));
      await accounts.recordAccessToken(tokenOf('bob', '3'));
      await accounts.recordAccessToken(tokenOf('amy', '1'));
      const tokens = await accounts.listAccessTokens('amy');
      expect(tokens).to.deep.equal([tokenOf('amy', '1'), tokenOf('amy', '2')]);
    });

    it('refuses an access token of an account that is not there', async () => {
      const failure = await catchFailure(accounts.recordAccessToken(tokenOf('amy', '1')));
      expect(failure).to.be.instanceOf(Error);
      expect(await accounts.findAccessToken('1')).to.equal(undefined);
      expect(await head()).to.equal(0);
    });

    it('deletes an access token', async () => {
      await accounts.recordAccount(accountNamed('amy'));
      await accounts.recordAccessToken(tokenOf('amy', '1'));
      expect(await accounts.deleteAccessToken('1')).to.equal(true);
      expect(await accounts.deleteAccessToken('1')).to.equal(false);
      expect(await accounts.findAccessToken('1')).to.equal(undefined);
    });

    it('appends one change for each change, and none where nothing changed', async () => {
      await accounts.recordAccount(accountNamed('amy'));
      await accounts.recordAccount(accountNamed('amy'));
      expect(await head()).to.equal(1);
      await accounts.recordAccessToken(tokenOf('amy', '1'));
      await accounts.recordAccessToken(tokenOf('amy', '1'));
      expect(await head()).to.equal(2);
      await accounts.recordAccount(accountNamed('amy', { isDisabled: true }));
      await accounts.deleteAccessToken('1');
      await accounts.deleteAccount('amy');
      const changes = await ports.changeLog.list({ after: 2, limit: 10 });
      expect(changes.map(({ fact }) => fact.kind)).to.deep.equal([
        'account-recorded',
        'access-token-deleted',
        'account-deleted',
      ]);
    });

    it('replaces an account only where it still is what was read', async () => {
      const [first, second] = [accountNamed('amy'), accountNamed('amy', { isDisabled: true })];
      expect(await accounts.recordAccount(first, second)).to.equal(false);
      expect(await accounts.recordAccount(first, 'none')).to.equal(true);
      expect(await accounts.recordAccount(second, 'none')).to.equal(false);
      expect(await accounts.findAccount('amy')).to.deep.equal(first);
      expect(await accounts.recordAccount(second, first)).to.equal(true);
      expect(await accounts.recordAccount(first, first)).to.equal(false);
      expect(await accounts.findAccount('amy')).to.deep.equal(second);
      expect(await head()).to.equal(2);
    });

    it('lets the first of many who create one account at once do it', async () => {
      const outcomes = await Promise.all(
        ['1', '2', '3', '4', '5', '6'].map((passwordHash) =>
          accounts.recordAccount(accountNamed('amy', { passwordHash }), 'none'),
        ),
      );
      expect(outcomes.filter((isFirst) => isFirst)).to.have.lengthOf(1);
      expect(await head()).to.equal(1);
    });

    it('writes nothing where the site is not the primary', async () => {
      await accounts.recordAccount(accountNamed('amy'));
      await accounts.recordAccessToken(tokenOf('amy', '1'));
      await ports.sites.recordRole('secondary', 1);
      for (const write of [
        () => accounts.recordAccount(accountNamed('amy', { isDisabled: true })),
        () => accounts.recordAccount(accountNamed('amy')),
        () => accounts.deleteAccount('amy'),
        () => accounts.deleteAccount('nobody'),
        () => accounts.recordAccessToken(tokenOf('amy', '2')),
        () => accounts.deleteAccessToken('1'),
      ]) {
        expect(await catchFailure(write())).to.be.instanceOf(NotPrimary);
      }
      expect(await accounts.findAccount('amy')).to.deep.equal(accountNamed('amy'));
      expect(await accounts.listAccessTokens('amy')).to.deep.equal([tokenOf('amy', '1')]);
      expect(await head()).to.equal(2);
    });

    it('is the same at a secondary that applied the changes', async () => {
      const secondary = await open();
      try {
        await accounts.recordAccount(accountNamed('amy'));
        await accounts.recordAccount(accountNamed('bob'));
        await accounts.recordAccessToken(tokenOf('amy', '1'));
        await accounts.recordAccessToken(tokenOf('amy', '2'));
        await accounts.deleteAccessToken('2');
        await accounts.deleteAccount('bob');
        await replay(ports, secondary);
        expect(await secondary.accounts.findAccount('amy')).to.deep.equal(accountNamed('amy'));
        expect(await secondary.accounts.findAccount('bob')).to.equal(undefined);
        const tokens = await secondary.accounts.listAccessTokens('amy');
        expect(tokens).to.deep.equal([tokenOf('amy', '1')]);
      } finally {
        await secondary.close();
      }
    });
  });
}
