/** What every maker of `RefreshTokens` keeps. */
import { expect } from 'chai';
import type { RefreshToken, RefreshTokens } from '../../../src/storage/refresh-tokens.ts';
import type { OpenPeople, PeoplePorts } from '../../support/people-ports.ts';

const ISSUED = new Date('2026-01-01T00:00:00Z');
const OVER = new Date('2026-04-01T00:00:00Z');

function token(secretHash: string, rest: Partial<RefreshToken> = {}): RefreshToken {
  return {
    secretHash,
    family: `family of ${secretHash}`,
    account: 'amy',
    service: 'meridian',
    issuedAt: ISSUED,
    expiresAt: OVER,
    ...rest,
  };
}

export function describeRefreshTokensContract(name: string, open: OpenPeople): void {
  describe(`RefreshTokens in ${name}`, () => {
    let ports: PeoplePorts;
    let refreshTokens: RefreshTokens;

    beforeEach(async () => {
      ports = await open();
      refreshTokens = ports.refreshTokens;
    });
    afterEach(() => ports.close());

    const findAll = (...hashes: string[]) =>
      Promise.all(hashes.map(async (hash) => (await refreshTokens.find(hash)) !== undefined));

    it('finds a token as it was recorded', async () => {
      await refreshTokens.record(token('a'));
      await refreshTokens.record(token('b', { accessToken: 'the access token' }));
      expect(await refreshTokens.find('a')).to.deep.equal(token('a'));
      expect(await refreshTokens.find('b')).to.deep.equal(
        token('b', { accessToken: 'the access token' }),
      );
      expect(await refreshTokens.find('c')).to.equal(undefined);
    });

    it('ends a family as one', async () => {
      await refreshTokens.record(token('a', { family: 'one' }));
      await refreshTokens.record(token('b', { family: 'one' }));
      await refreshTokens.record(token('c', { family: 'other' }));
      await refreshTokens.revokeFamily('one');
      await refreshTokens.revokeFamily('one');
      expect(await findAll('a', 'b', 'c')).to.deep.equal([false, false, true]);
    });

    it('deletes what is over, and counts it', async () => {
      await refreshTokens.record(token('a'));
      await refreshTokens.record(token('b', { expiresAt: new Date(OVER.getTime() + 1) }));
      expect(await refreshTokens.deleteExpired(new Date(OVER.getTime() - 1))).to.equal(0);
      expect(await refreshTokens.deleteExpired(OVER)).to.equal(1);
      expect(await findAll('a', 'b')).to.deep.equal([false, true]);
    });

    it('appends nothing to the change log: the tokens stay at their site', async () => {
      await refreshTokens.record(token('a'));
      await refreshTokens.revokeFamily('family of a');
      expect(await ports.changeLog.head()).to.equal(0);
    });
  });
}
