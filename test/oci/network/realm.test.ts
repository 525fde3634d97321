import { expect } from 'chai';
import { mayShowCredentials } from '../../../src/oci/network/realm.ts';

const may = (upstream: string, realm: string, named: string[] = []) =>
  mayShowCredentials(new URL(`https://${upstream}`), new URL(`https://${realm}/token`), named);

describe('whom credentials may be shown', () => {
  it('knows the token services of registries that are in use', () => {
    expect(may('registry-1.docker.io', 'auth.docker.io')).to.equal(true);
    expect(may('registry.gitlab.com', 'gitlab.com')).to.equal(true);
    expect(may('quay.io', 'quay.io')).to.equal(true);
    expect(may('ghcr.io', 'ghcr.io')).to.equal(true);
    expect(may('acme.azurecr.io', 'acme.azurecr.io')).to.equal(true);
    expect(may('registry.acme.co.uk', 'login.acme.co.uk')).to.equal(true);
    expect(may('127.0.0.1:5000', '127.0.0.1:5001')).to.equal(true);
  });

  it('shows them to nobody else', () => {
    const foreign = [
      ['registry-1.docker.io', 'auth.docker.com'],
      ['registry-1.docker.io', 'docker.io.evil.test'],
      ['registry-1.docker.io', 'evildocker.io'],
      ['acme.co.uk', 'evil.co.uk'],
      ['acme.com.au', 'evil.com.au'],
      ['acme.com', 'evil.com'],
      ['acme.azurecr.io', 'evil.azurecr.io'],
      ['a.eu-west-1.amazonaws.com', 'b.us-east-1.amazonaws.com'],
      ['10.1.2.3', '10.9.2.3'],
      ['registry', 'login'],
      ['registry.acme.example', '169.254.169.254'],
    ] as const;
    for (const [upstream, realm] of foreign) {
      expect(may(upstream, realm), `${upstream} → ${realm}`).to.equal(false);
    }
  });

  it('shows them to hosts that the operator names', () => {
    expect(may('registry.acme.example', 'login.other.test', ['login.other.test'])).to.equal(true);
    expect(may('registry.acme.example', 'evil.other.test', ['login.other.test'])).to.equal(false);
    expect(may('acme.example', 'other.test:8443', ['other.test:8443'])).to.equal(true);
  });
});
