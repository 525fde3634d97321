import { expect } from 'chai';
import { lengthOfPieces, type Piece, planParts } from '../../../src/storage/s3/pieces.ts';

const MIB = 1024 * 1024;

/** Pieces of these lengths, one behind the other. */
function pieces(...lengths: number[]): Piece[] {
  let offset = 0;
  return lengths.map((lengthBytes, index) => {
    const piece = { key: `piece-${index}`, offset, lengthBytes, etag: '' };
    offset += lengthBytes;
    return piece;
  });
}

describe('the pieces of a staging', () => {
  it('become parts where each but the last has 5 MiB', () => {
    expect(planParts(pieces(5 * MIB, 6 * MIB, 1))).to.deep.equal([
      { key: 'piece-0', range: { start: 0, end: 5 * MIB - 1 } },
      { key: 'piece-1', range: { start: 0, end: 6 * MIB - 1 } },
      { key: 'piece-2', range: { start: 0, end: 0 } },
    ]);
  });

  it('are too small for parts where another one is smaller', () => {
    expect(planParts(pieces(5 * MIB, 5 * MIB - 1, 5 * MIB))).to.equal(undefined);
    expect(planParts([])).to.equal(undefined);
  });

  it('are split evenly where they are too large for one copy', () => {
    const parts = planParts(pieces(1024 * MIB + 1, 10));
    const lengths = parts?.map(({ range }) => range.end - range.start + 1);
    expect(lengths).to.deep.equal([512 * MIB + 1, 512 * MIB, 10]);
  });

  it('are too many where S3 takes no more parts', () => {
    const many = Array.from({ length: 10_001 }, () => 5 * MIB);
    expect(planParts(pieces(...many))).to.equal(undefined);
  });

  it('reach only up to the first hole', () => {
    const [first, , third] = pieces(10, 20, 30);
    expect(lengthOfPieces([first!, third!])).to.equal(10);
    expect(lengthOfPieces([])).to.equal(0);
  });
});
