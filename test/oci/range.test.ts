import { expect } from 'chai';
import {
  parseContentRange,
  parseRange,
  printContentRange,
  printUploadRange,
} from '../../src/oci/range.ts';

describe('Range', () => {
  for (const [header, expected] of [
    ['bytes=500-1499', [{ start: 500, end: 1499 }]],
    ['bytes=500-', [{ start: 500, end: 2047 }]],
    ['bytes=-500', [{ start: 1548, end: 2047 }]],
    ['bytes=-5000', [{ start: 0, end: 2047 }]],
    ['bytes=2000-5000', [{ start: 2000, end: 2047 }]],
    ['bytes=500-0', []],
    ['bytes=5000-10000', []],
    ['bytes=-0', []],
    [
      'bytes=0-99, 500-599',
      [
        { start: 0, end: 99 },
        { start: 500, end: 599 },
      ],
    ],
    [undefined, undefined],
    ['items=0-1', undefined],
    ['bytes=a-b', undefined],
    ['bytes=-', undefined],
    ['bytes=0-2047,0-2047', undefined],
    [`bytes=${Array.from({ length: 17 }, (_, i) => `${i}-${i}`).join(',')}`, undefined],
  ] as const) {
    it(`reads ${header?.slice(0, 30)}`, () => {
      expect(parseRange(header, 2048)).to.deep.equal(expected);
    });
  }

  it('has nothing to give of an empty blob', () => {
    expect(parseRange('bytes=0-', 0)).to.deep.equal([]);
  });
});

describe('Content-Range of a chunk', () => {
  it('is taken without and with its unit', () => {
    expect(parseContentRange('0-9')).to.deep.equal({ start: 0, end: 9 });
    expect(parseContentRange('bytes 10-19/*')).to.deep.equal({ start: 10, end: 19 });
  });

  for (const text of [
    '5-3',
    '-5',
    '0-',
    'a-b',
    '0-9223372036854775808',
    ' 0-9',
    '0 - 9',
    '0-1/2/3',
  ]) {
    it(`refuses ${text}`, () => expect(parseContentRange(text)).to.equal(undefined));
  }
});

describe('printed ranges', () => {
  it('say what a part is of', () => {
    expect(printContentRange({ start: 0, end: 9 }, 20)).to.equal('bytes 0-9/20');
  });

  it('say what an upload holds, 0-0 for nothing', () => {
    expect(printUploadRange(0)).to.equal('0-0');
    expect(printUploadRange(10)).to.equal('0-9');
  });
});
