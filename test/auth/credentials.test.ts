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

describe('many passwords at once', () => {
  let stand: AuthStand;
  before(async () => {
    stand = await openAuthStand();
    await stand.addAccount('ada', [grant('**', 'pull')]);
  });
  after(() => stand.close());

  it('are tried no oftener than one after the other (A26e)', async () => {
    const words = Array.from({ length: 60 }, (_, count) => `guess ${count}`);
    const answers = await Promise.allSettled(
      [...words, ADMIN_PASSWORD].map((word) => {
        return stand.authenticator.authenticate(basic('ada', word).authorization, ADDRESS);
      }),
    );
    const tried = answers.filter(({ status }) => status === 'fulfilled');
    // Ten, and whoever was under way together with the tenth.
    expect(tried.length).to.be.within(10, 11);
    expect(answers.at(-1)?.status).to.equal('rejected');
  });

  it('let whoever is right in, however many come at once', async () => {
    const asked = Array.from({ length: 20 }, () =>
      stand.authenticator.authenticate(basic('admin').authorization, '192.0.2.7'),
    );
    expect((await Promise.all(asked)).every(({ kind }) => kind === 'known')).to.equal(true);
  });
});
