import { expect } from 'chai';
import { cutPage, printNextLink, readLast, readPageSize } from '../../src/http/pagination.ts';
import { parseTag } from '../../src/oci/reference.ts';

describe('pages', () => {
  it('cuts n to the most that a page holds (107, A1)', () => {
    expect(readPageSize(new URLSearchParams('n=2147483647'))).to.equal(1000);
    expect(readPageSize(new URLSearchParams(`n=${'9'.repeat(40)}`))).to.equal(1000);
    expect(readPageSize(new URLSearchParams('n=0'))).to.equal(0);
    expect(readPageSize(new URLSearchParams(''))).to.equal(1000);
  });

  it('refuses an n that is no whole number', () => {
    for (const n of ['-1', '1.5', '9e18', 'ten', '0x10']) {
      expect(() => readPageSize(new URLSearchParams({ n })), n).to.throw(/whole number/);
    }
  });

  it('lets only words of its kind reach the storage as last (A3)', () => {
    expect(readLast(new URLSearchParams('last=v1'), parseTag)).to.equal('v1');
    expect(readLast(new URLSearchParams(''), parseTag)).to.equal(undefined);
    for (const last of ['a/b', '../x', '\0', 'a b']) {
      expect(() => readLast(new URLSearchParams({ last }), parseTag), last).to.throw(/last/);
    }
  });

  it('leads on with what the client asked for (106)', () => {
    const link = printNextLink({
      path: '/v2/a/tags/list',
      query: new URLSearchParams('n=5000&extra=1&last=a'),
      last: 'b+c',
      n: 1000,
    });
    expect(link).to.equal('</v2/a/tags/list?n=1000&extra=1&last=b%2Bc>; rel="next"');
  });

  it('tells a page that ends from one that goes on', () => {
    expect(cutPage([1, 2, 3], 2)).to.deep.equal({ page: [1, 2], more: true });
    expect(cutPage([1, 2], 2)).to.deep.equal({ page: [1, 2], more: false });
  });
});
