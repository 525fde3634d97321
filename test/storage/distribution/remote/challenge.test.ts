import { expect } from 'chai';
import { parseChallenge } from '../../../../src/storage/distribution/remote/challenge.ts';

describe('a challenge', () => {
  const realm = 'https://auth.test/token';

  it('is read in every form that registries write', () => {
    const bearer = { scheme: 'bearer', realm, service: 'registry' };
    const forms = [
      `Bearer realm="${realm}",service="registry",scope="repository:a:pull,push"`,
      `bearer service="registry" , realm="${realm}"`,
      `Basic realm="a, b=c", Bearer realm="${realm}",service=registry`,
      [`Basic realm="x"`, `Bearer realm="${realm}",service="registry"`],
      `Bearer realm="https:\\/\\/auth.test\\/token",service="registry"`,
    ];
    for (const form of forms) expect(parseChallenge(form), String(form)).to.deep.equal(bearer);
    const basic = { scheme: 'basic', realm: '', service: undefined };
    expect(parseChallenge('Basic realm="x"')).to.deep.equal(basic);
    expect(parseChallenge('Negotiate, Basic')).to.deep.equal(basic);
    expect(parseChallenge('Bearer error="invalid_token", Basic realm="x"')).to.deep.equal(basic);
  });

  it('is none where it is of another kind', () => {
    for (const text of [undefined, '', 'Negotiate', 'Bearer', '"', 'Bearer realm=""', '=,=']) {
      expect(parseChallenge(text), String(text)).to.equal(undefined);
    }
  });

  it('is read in time that grows with its length alone', () => {
    const length = 30_000;
    const begun = performance.now();
    for (const text of [' ', ',', '"', 'a ', 'a=', 'a="', 'a="\\', 'Bearer realm="']) {
      parseChallenge(text.repeat(length / text.length));
    }
    expect(performance.now() - begun).to.be.below(1000);
  });
});
