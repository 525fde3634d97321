import { expect } from 'chai';
import {
  coversTag,
  parseTagPattern,
  type TagPattern,
} from '../../../src/oci/lifecycle/tag-pattern.ts';
import { tagNamed } from '../../support/content.ts';

describe('patterns of tags', () => {
  it('are characters of a tag and stars for any of them', () => {
    expect(covers('v*', 'v1.2')).to.equal(true);
    expect(covers('v*', 'rev1')).to.equal(false);
    expect(covers('*-rc.*', '1.0-rc.2')).to.equal(true);
    expect(covers('*', 'latest')).to.equal(true);
    expect(covers('v1.2', 'v1x2')).to.equal(false);
    expect(covers('latest', 'Latest')).to.equal(false);
  });

  it('are refused where they are anything else (A8)', () => {
    for (const text of ['', '(a+)+$', 'v**', 'a/b', 'a b', '.x', 'ｖ*', 'v*\n', '*'.repeat(129)]) {
      expect(parseTagPattern(text), text).to.equal(undefined);
    }
  });

  it('are matched soon, however they are made (A8)', () => {
    const pattern = `${'*a'.repeat(63)}*b` as TagPattern;
    const begun = performance.now();
    for (let n = 0; n < 1000; n += 1) coversTag([pattern], tagNamed('a'.repeat(128)));
    expect(performance.now() - begun).to.be.below(1000);
  });
});

function covers(pattern: string, tag: string): boolean {
  return coversTag([parseTagPattern(pattern)!], tagNamed(tag));
}
