import { expect } from 'chai';
import * as fc from 'fast-check';
import { digestOf } from '../../src/oci/digest.ts';
import {
  parseReference,
  parseRepositoryName,
  parseTag,
  printReference,
} from '../../src/oci/reference.ts';

/** The expression of the specification, as it stands there. */
const SPEC_NAME = /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$/;

describe('repository name', () => {
  for (const name of ['a', 'a/b/c/d/e/f/g', 'a.b', 'a_b', 'a__b', 'a---b', 'a/blobs/b', '0/1']) {
    it(`takes ${name}`, () => expect(parseRepositoryName(name)).to.equal(name));
  }

  for (const name of [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    'A',
    '_a',
    'a_',
    'a..b',
    'a___b',
    '../a',
    'a b',
  ]) {
    it(`refuses ${JSON.stringify(name)}`, () =>
      expect(parseRepositoryName(name)).to.equal(undefined));
  }

  it('refuses more than 255 characters', () => {
    expect(parseRepositoryName('a'.repeat(255))).to.be.a('string');
    expect(parseRepositoryName('a'.repeat(256))).to.equal(undefined);
  });

  it('agrees with the expression of the specification', () => {
    const letters = fc.string({
      unit: fc.constantFrom('a', '0', '.', '_', '-', '/'),
      maxLength: 12,
    });
    fc.assert(
      fc.property(
        letters,
        (text) => (parseRepositoryName(text) !== undefined) === SPEC_NAME.test(text),
      ),
      { numRuns: 2000 },
    );
  });
});

describe('reference', () => {
  it('is a digest where it has a colon, else a tag', () => {
    const digest = digestOf('x');
    expect(parseReference(digest)).to.deep.equal({ kind: 'digest', digest });
    expect(parseReference('latest')).to.deep.equal({ kind: 'tag', tag: 'latest' });
    expect(parseReference(digest.replace(':', '-'))).to.have.property('kind', 'tag');
    expect(parseReference('sha256:bad')).to.equal(undefined);
  });

  it('prints what it read', () => {
    for (const text of ['latest', 'uploads', digestOf('y', 'sha512')]) {
      expect(printReference(parseReference(text)!)).to.equal(text);
    }
  });

  it('bounds a tag to 128 characters and to its letters', () => {
    expect(parseTag('a'.repeat(128))).to.be.a('string');
    for (const text of ['', 'a'.repeat(129), '-a', '.a', 'a/b', 'a+b', 'ä']) {
      expect(parseTag(text), text).to.equal(undefined);
    }
  });
});
