import { expect } from 'chai';
import { OidcProvider } from '../../../src/storage/oidc/provider.ts';
import { ProviderAway, type SignInAttempt } from '../../../src/storage/people/identity-provider.ts';
import {
  Browser,
  CLIENT,
  openProvider,
  type TestProvider,
} from '../../http/api/people/identity-provider.ts';
import { MovableClock } from '../../support/auth-stand.ts';

const REDIRECT_URL = 'http://registry.example/callback';
const ATTEMPT: SignInAttempt = {
  redirectUrl: REDIRECT_URL,
  state: 's'.repeat(43),
  nonce: 'n'.repeat(43),
  codeVerifier: 'v'.repeat(43),
};

async function nameOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no failure',
    (error: Error) => error.name,
  );
}

describe('OpenID Connect', () => {
  let provider: TestProvider;
  let clock: MovableClock;

  beforeEach(async () => {
    provider = await openProvider();
    provider.serve(REDIRECT_URL);
    clock = new MovableClock();
  });

  afterEach(() => provider.close());

  function open(networks: readonly string[] = ['127.0.0.1'], issuer = provider.issuer) {
    return new OidcProvider({
      issuer,
      clientId: CLIENT.id,
      clientSecret: CLIENT.secret,
      scopes: 'openid',
      algorithm: 'RS256',
      hosts: [],
      networks,
      clock,
    });
  }

  async function comeBack(client: OidcProvider): Promise<string> {
    return new Browser().comeBack(await client.begin(ATTEMPT), provider, 'amy');
  }

  it('proves who it is by a code, and once', async () => {
    const client = open();
    const back = await comeBack(client);
    const { issuer, subject } = await client.finish(back, ATTEMPT);
    expect([issuer, subject]).to.deep.equal([provider.issuer, 'amy']);
    expect(await nameOf(client.finish(back, ATTEMPT))).to.equal('SignInRefused');
  });

  it('counts for one state, one nonce and one verifier alone', async () => {
    const client = open();
    for (const key of ['state', 'nonce', 'codeVerifier'] as const) {
      const other = { ...ATTEMPT, [key]: 'x'.repeat(43) };
      const back = await comeBack(client);
      expect(await nameOf(client.finish(back, other)), key).to.equal('SignInRefused');
    }
  });

  it('knows the new keys of a provider within a minute', async () => {
    const client = open();
    await client.finish(await comeBack(client), ATTEMPT);
    provider.serve(REDIRECT_URL);
    clock.pass(61);
    expect((await client.finish(await comeBack(client), ATTEMPT)).subject).to.equal('amy');
  });

  it('is asked at its own hosts and at allowed addresses alone (A27)', async () => {
    const failures = [open([]), open(['10.0.0.0/8'])].map((one) => nameOf(one.begin(ATTEMPT)));
    expect(await Promise.all(failures)).to.deep.equal(['ProviderAway', 'ProviderAway']);
    const alias = provider.issuer.replace('127.0.0.1', 'localhost');
    // It calls itself by another name than it was asked by.
    expect(await nameOf(open(['127.0.0.1', '::1'], alias).begin(ATTEMPT))).to.equal('ProviderAway');
  });

  it('may be away, and is asked anew when it is back', async () => {
    const client = open();
    provider.leave();
    expect(await nameOf(client.begin(ATTEMPT))).to.equal(ProviderAway.name);
    provider.serve(REDIRECT_URL);
    expect(await client.begin(ATTEMPT)).to.match(/code_challenge_method=S256/);
  });
});
