import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT } from './architecture/sources.ts';

describe('the guarantees', () => {
  it('name tests that are there', () => {
    const page = readFileSync(join(ROOT, 'docs/guarantees.md'), 'utf8');
    const named = [...page.matchAll(/\(`(test\/[^`]+)`:\s+"([^"]+)"\)/g)];
    expect(named.length).to.be.greaterThan(20);
    for (const [, file, title] of named) {
      const words = readFileSync(join(ROOT, file!), 'utf8');
      expect(words.includes(title!), `${file}: ${title}`).to.equal(true);
    }
  });
});
