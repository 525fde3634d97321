import { expect } from 'chai';
import { matchesPath, parsePathPattern } from '../../src/oci/path-pattern.ts';

const matches = (pattern: string, path: string) => matchesPath(parsePathPattern(pattern)!, path);

describe('path pattern', () => {
  for (const [pattern, path, expected] of [
    ['acme/app', 'acme/app', true],
    ['acme/app', 'acme/app/x', false],
    ['acme/*', 'acme/app', true],
    ['acme/*', 'acme/app/x', false],
    ['acme/*', 'acme', false],
    ['acme/**', 'acme', true],
    ['acme/**', 'acme/app/x/y', true],
    ['acme/**', 'acmex/app', false],
    ['**', 'anything/at/all', true],
    ['acme/web-*', 'acme/web-1', true],
    ['acme/web-*', 'acme/api', false],
    ['*-ci/**', 'team-ci/a', true],
    ['a*b*c', 'aXbYc', true],
    ['a*b*c', 'ac', false],
    ['a*a', 'a', false],
  ] as const) {
    it(`${pattern} ${expected ? 'covers' : 'does not cover'} ${path}`, () => {
      expect(matches(pattern, path)).to.equal(expected);
    });
  }

  for (const text of ['', '/', 'a//b', 'a/**/b', '**a', 'A', 'a b', `a${'/b'.repeat(200)}`]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))}`, () =>
      expect(parsePathPattern(text)).to.equal(undefined));
  }

  it('stays linear on a hostile pattern', () => {
    const pattern = parsePathPattern('*a'.repeat(100))!;
    const started = performance.now();
    matchesPath(pattern, 'a'.repeat(20_000));
    expect(performance.now() - started).to.be.lessThan(100);
  });
});
