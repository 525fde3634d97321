import { expect } from 'chai';
import {
  algorithmOf,
  digestOf,
  Hasher,
  hexOf,
  isAlgorithm,
  parseDigest,
} from '../../src/oci/digest.ts';

const EMPTY_256 = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('digest', () => {
  it('names the empty content', () => {
    expect(digestOf('')).to.equal(EMPTY_256);
    expect(hexOf(digestOf('', 'sha512'))).to.have.length(128);
  });

  for (const [text, why] of [
    [`sha256:${'a'.repeat(63)}`, 'one digit short'],
    [`sha256:${'a'.repeat(65)}`, 'one digit long'],
    [`sha256:${'A'.repeat(64)}`, 'upper case'],
    [`sha512:${'a'.repeat(64)}`, 'sha512 with the length of sha256'],
    [`md5:${'a'.repeat(32)}`, 'an algorithm that is not registered'],
    ['sha256:../../etc/passwd', 'a path'],
    [`${EMPTY_256}\n`, 'a line end behind it'],
    ['sha256', 'no colon'],
  ] as const) {
    it(`refuses ${why}`, () => {
      expect(parseDigest(text)).to.equal(undefined);
    });
  }

  it('knows its algorithm', () => {
    expect(algorithmOf(digestOf('x'))).to.equal('sha256');
    expect(algorithmOf(digestOf('x', 'sha512'))).to.equal('sha512');
    expect(isAlgorithm('sha384')).to.equal(false);
    expect(isAlgorithm('constructor')).to.equal(false);
  });

  it('grows with the bytes that it is shown', () => {
    const hasher = new Hasher();
    hasher.update(Buffer.from('ab'));
    expect(hasher.digest()).to.equal(digestOf('ab'));
    hasher.update(Buffer.from('c'));
    expect(hasher.digest()).to.equal(digestOf('abc'));
  });
});
