import { expect } from 'chai';
import { hashPassword } from '../../src/auth/passwords.ts';
import {
  ADMIN_PASSWORD,
  type AuthStand,
  basic,
  grant,
  openAuthStand,
} from '../support/auth-stand.ts';

const ADDRESS = '127.0.0.1';
const NEW_PASSWORD = 'another-good-password';

describe('a password that was proven a moment ago', () => {
  let stand: AuthStand;
  before(async () => {
    stand = await openAuthStand();
    await stand.addAccount('ada', [grant('**', 'pull')]);
  });
  after(() => stand.close());

  const kindFor = async (password: string): Promise<string> => {
    const { authorization } = basic('ada', password);
    return (await stand.authenticator.authenticate(authorization, ADDRESS)).kind;
  };

  it('counts again, and no other one with it', async () => {
    expect(await kindFor(ADMIN_PASSWORD)).to.equal('known');
    expect(await kindFor(ADMIN_PASSWORD)).to.equal('known');
    expect(await kindFor(`${ADMIN_PASSWORD}!`)).to.equal('refused');
  });

  it('ends with the account’s new password', async () => {
    const passwordHash = await hashPassword(NEW_PASSWORD);
    await stand.addAccount('ada', [grant('**', 'pull')], { passwordHash });
    expect(await kindFor(ADMIN_PASSWORD)).to.equal('refused');
    expect(await kindFor(NEW_PASSWORD)).to.equal('known');
  });

  it('ends with the account', async () => {
    await stand.addAccount('ada', [grant('**', 'pull')], { isDisabled: true });
    expect(await kindFor(ADMIN_PASSWORD)).to.equal('refused');
  });
});
