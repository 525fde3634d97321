import { expect } from 'chai';
import { UPLOAD_TOKEN_SECONDS, type Upload } from '../../../src/auth/virtual/upload-tokens.ts';
import { type AuthStand, basic, openAuthStand, SERVICE } from '../../support/auth-stand.ts';
import { repositoryNamed } from '../../support/content.ts';

const UPLOAD: Upload = {
  registry: 'hub',
  image: repositoryNamed('library/alpine'),
  upstream: 'docker-hub',
  kind: 'manifest',
  reference: '3',
};

/** How far clocks of sites may differ. */
const LEEWAY_SECONDS = 60;

describe('UploadTokens', () => {
  let stand: AuthStand;

  beforeEach(async () => {
    stand = await openAuthStand();
  });
  afterEach(() => stand.close());

  it('says what a token is for, for a few minutes', async () => {
    const { uploadTokens, clock } = stand;
    const { token, expiresInSeconds } = await uploadTokens.issue('admin', UPLOAD);
    expect(expiresInSeconds).to.equal(UPLOAD_TOKEN_SECONDS);
    clock.pass(UPLOAD_TOKEN_SECONDS);
    expect(await uploadTokens.read(token)).to.deep.equal(UPLOAD);
    clock.pass(LEEWAY_SECONDS);
    expect(await uploadTokens.read(token)).to.equal(undefined);
  });

  it('A20: takes no other token, and makes none that opens anything else', async () => {
    const { uploadTokens, authenticator, siteCalls, url } = stand;
    const scope = `repository:virtual_registries/containers/hub/library/alpine:pull`;
    const query = new URLSearchParams({ service: SERVICE, scope });
    const answer = await fetch(`${url}/jwt/auth?${query.toString()}`, { headers: basic('admin') });
    const { token: ordinary } = (await answer.json()) as { token: string };
    const [, ofSite = ''] = siteCalls.authorize().split(' ');
    for (const token of [ordinary, ofSite, 'x', '']) {
      expect(await uploadTokens.read(token)).to.equal(undefined);
    }
    const { token } = await uploadTokens.issue('admin', UPLOAD);
    const refused = { kind: 'refused', reason: 'invalid_token' };
    for (const header of [`Bearer ${token}`, `Meridian-Site ${token}`]) {
      const found = await siteCalls.authenticate(header, '::1');
      expect(found.kind, header).to.equal('refused');
    }
    expect(await authenticator.authenticate(`Bearer ${token}`, '::1')).to.deep.equal(refused);
  });

  it('A23: counts none of whoever ended their tokens', async () => {
    const { uploadTokens, roster, clock } = stand;
    const { token } = await uploadTokens.issue('admin', UPLOAD);
    const { token: ofSite } = await uploadTokens.issue('site:lisbon', UPLOAD);
    clock.pass(1);
    await roster.endTokens('admin');
    expect(await uploadTokens.read(token)).to.equal(undefined);
    expect(await uploadTokens.read(ofSite)).to.deep.equal(UPLOAD);
  });
});
