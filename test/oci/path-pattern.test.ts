import { expect } from 'chai';
import { intersectPatterns, matchesPath, parsePathPattern } from '../../src/oci/path-pattern.ts';

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

  for (const [one, other, both] of [
    ['**', 'acme/**', 'acme/**'],
    ['acme/**', 'acme', 'acme'],
    ['acme/**', 'acme/*/x', 'acme/*/x'],
    ['acme/*/**', 'acme/app/**', 'acme/app/**'],
    ['*/b', 'a/*', 'a/b'],
    ['web-*', 'web-1', 'web-1'],
    ['a/*', 'a/*', 'a/*'],
    ['a', 'b', undefined],
    ['a/*', 'a', undefined],
    ['a/b/**', 'a', undefined],
    ['a*', '*b', undefined],
  ] as const) {
    it(`${one} and ${other} both cover ${both ?? 'nothing that is sure'}`, () => {
      const [first, second] = [parsePathPattern(one)!, parsePathPattern(other)!];
      expect(intersectPatterns(first, second)).to.equal(both);
      expect(intersectPatterns(second, first)).to.equal(both);
    });
  }

  it('stays linear on a hostile pattern', () => {
    const pattern = parsePathPattern('*a'.repeat(100))!;
    const started = performance.now();
    matchesPath(pattern, 'a'.repeat(20_000));
    expect(performance.now() - started).to.be.lessThan(100);
  });
});
